"""Your own sets next to the research set: combined, named in the card, never across splits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lab.common.archives import ManifestRefused
from lab.face import faces, release
from lab.face.store import Store, joined
from tests.lab.face.faces import drawn_store, item


def own_store(split: str = "train") -> Store:
    """As if `prepare` had made it: other people, another source."""
    store = drawn_store(4, side=64)
    items = [item(100 + n, source="own", split=split) for n in range(len(store.items))]
    return replace(store, items=items)


def test_joined_pictures_are_those_of_their_stores() -> None:
    """By the number in the whole, each picture, its landmarks and its row belong together."""
    first, second = drawn_store(), own_store()
    both = joined([first, second])
    assert len(both.items) == len(first.items) + len(second.items)
    for number in range(len(both.items)):
        store, own = (first, number) if number < len(first.items) else (second, number - 12)
        assert both.items[number] == store.items[own]
        assert np.array_equal(both.picture(number), store.picture(own))
        assert np.array_equal(both.points(number), store.points(own))
    with pytest.raises(IndexError):
        both.picture(len(both.items))


def test_a_picture_may_not_stand_in_two_sets_and_two_splits() -> None:
    """The same file once to learn from and once to test on is refused, whatever its source."""
    store = drawn_store()
    again = replace(store, items=[replace(one, split="test") for one in store.items])
    with pytest.raises(ManifestRefused, match="cross the splits"):
        joined([store, again])


def test_the_card_names_own_sources_and_their_terms(tmp_path: Path) -> None:
    """Genuine pictures of a set of one's own are calibrated on; its terms are told as they are
    written, or that nobody wrote them."""
    own = faces.Set(tmp_path, own_store(), "clips of our own studio")
    what = release.with_own(release.FACE, [own])
    assert what.reals == (*release.FACE.reals, "own") and what.fakes == release.FACE.fakes
    assert release._terms([own]) == ["Also own: clips of our own studio"]


def test_sets_that_are_missing_or_not_prepared_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each is a sentence that says what to do."""
    monkeypatch.setenv("TOUCHSTONE_DATA", str(tmp_path))
    monkeypatch.setenv("TOUCHSTONE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(FileNotFoundError, match="TOUCHSTONE_DATA"):
        faces.opened()
    folder = tmp_path / "faces"
    folder.mkdir()
    digest = "0" * 64
    rows = ["archive,member,label,split,source,sha256", f",a.png,real,train,own,{digest}"]
    (folder / "manifest.csv").write_text("\n".join(rows))
    with pytest.raises(FileNotFoundError, match="train face"):
        faces.opened()
