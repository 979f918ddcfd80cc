"""Runs compared: measured with their weights, stored, and listed with what they left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from lab.face import blend, compare, loop
from lab.face.batches import Pool
from lab.face.config import ConfigRefused, FaceConfig
from tests.lab.face.test_making import SMALL
from tests.lab.face.test_release import portraits

WITHOUT = tuple(name for name in blend.FAMILIES if name != "eyes")


def test_a_network_that_nobody_knows_is_refused() -> None:
    """The sentence names those that there are."""
    with pytest.raises(ConfigRefused, match="lite0, meso4"):
        FaceConfig(network="resnet")


def test_kinds_of_blend_can_be_left_out() -> None:
    """With all but one left out, every blend is the one that was asked for by name."""
    store = portraits({"train": 1})
    picture, points = store.picture(0), store.points(0)
    for seed in range(5):
        random = np.random.default_rng(seed)
        made, _ = blend.self_blend(picture, points, random, without=WITHOUT)
        named = np.random.default_rng(seed)
        named.choice(1, p=[1.0])  # the draw of a kind
        wanted, _ = blend.self_blend(picture, points, named, family="eyes")
        assert np.array_equal(made, wanted)


@pytest.mark.slow
def test_runs_are_measured_once_and_told_in_tables(tmp_path: Path) -> None:
    """A small net learns without all blends but one; its figures are measured, kept beside the
    weights, not measured again, and the table marks what the run never saw."""
    store = portraits({"train": 8, "test": 12})
    config = dataclasses.replace(
        SMALL, network="meso4", start="nothing", steps=4, without_families=WITHOUT
    )
    loop.train(Pool(store, config), tmp_path / "plain", imagenet=None)
    numbers, rows = list(range(8, 20)), []

    def watch(places: Sequence[int]) -> Iterator[int]:
        rows.append(len(places))
        return iter(places)

    first = compare.compared(store, tmp_path / "plain", numbers, watch)
    again = compare.compared(store, tmp_path / "plain", numbers, watch)
    assert first == again and len(rows) == 1
    assert 0.0 <= first["swaps"]["auc"] <= 1.0 and first["swaps"]["fakes"] == 6
    assert set(first["blends"]) == {*blend.FAMILIES, compare.ANOTHER}
    tables = compare.tables([first])
    assert "meso4; from nothing" in tables and tables.count("(not in training)") == len(WITHOUT) + 1
