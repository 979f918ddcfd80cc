"""Protocol files: the project's own are valid, and mistakes in others are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.evaluation.protocols import reading
from ml.evaluation.protocols.reading import FilesAdapter, ProtocolRefused, TableAdapter

WHOLE = """
title = "Mine"
[[sets]]
name = "mine"
terms = "mine"
label = "real"
[sets.files]
folder = "mine"
pattern = "\\\\.png$"
"""


@pytest.mark.parametrize("name", reading.offered())
def test_every_protocol_can_be_read_and_pairs_only_what_it_has(name: str) -> None:
    """Terms and origin of each set are stated; each content-matched source is a genuine source of
    the same protocol (a set's name, or what a table says)."""
    protocol = reading.read(name)
    sources = {one.name for one in protocol.sets if one.label != "fake"}
    told_by_tables = any(
        isinstance(one.adapter, TableAdapter) and one.adapter.source for one in protocol.sets
    )
    for one in protocol.sets:
        assert one.terms and one.what and (one.repository or one.address)
        assert not one.repository or len(one.commit) == 40
        assert told_by_tables or set(one.matched) <= sources
        assert not set(one.report) & set(one.fit), "nothing is learnt from what is reported"


def test_the_protocols_that_were_asked_for_are_there() -> None:
    assert {
        "pictures", "deepfake-eval-2024", "mnw", "celeb-df-v2", "df40", "faceforensics",
        "asvspoof5", "in-the-wild", "fakeavceleb",
    } <= set(reading.offered())  # fmt: skip


def test_a_protocol_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(WHOLE)
    found = reading.read(str(path))
    assert (found.name, found.title) == ("own", "Mine")
    assert isinstance(found.sets[0].adapter, FilesAdapter)


def test_a_protocol_can_use_a_set_that_another_describes() -> None:
    names = [one.name for one in reading.read("mnw").sets]
    assert {"mnw_images", "kodak"} <= set(names)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("title = ", "is not a TOML file"),
        ('title = "empty"', "names no sets"),
        (WHOLE.replace('terms = "mine"', 'terms = ""'), "under which terms"),
        (WHOLE.replace('terms = "mine"\n', ""), "does not say its terms"),
        (WHOLE.replace('"real"', '"maybe"'), "not real or fake"),
        (WHOLE.replace('"\\\\.png$"', '"("'), "is not a pattern"),
        (WHOLE.replace("folder", "foldr"), "nothing is known about 'foldr'"),
        (WHOLE.replace("[sets.files]", "[sets.else]"), "either [sets.files] or [sets.table]"),
        (WHOLE + WHOLE.replace('title = "Mine"', ""), "named twice"),
        ('uses = ["pictures/nothing"]', "has no set 'nothing'"),
        ('uses = ["nowhere/kodak"]', "no protocol 'nowhere'"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(ProtocolRefused, match=sentence.replace("[", r"\[").replace("(", r"\(")):
        reading.read(str(path))


def test_an_unknown_name_tells_the_known_ones() -> None:
    with pytest.raises(ProtocolRefused, match=r"there are .*celeb-df-v2.*pictures"):
        reading.read("../pictures")
