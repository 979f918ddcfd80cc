"""The head of whole pictures: a regression on features as they are and one on evened features."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.common import heads
from lab.synthetic_image import head

Floats = NDArray[np.float32]
SHRINKAGE = 0.05


@pytest.fixture
def genuine() -> Floats:
    """Content varies by far the most, in a direction that says nothing."""
    noise = np.random.default_rng(3).normal(size=(2000, 4))
    return (noise * [20.0, 1.0, 1.0, 0.1] + 5.0).astype(np.float32)


def test_evened_features_vary_alike_in_every_direction(genuine: Floats) -> None:
    """But for the shrinkage, which keeps the least directions from being blown up."""
    spread = np.std((genuine - genuine.mean(0)) @ heads.whitening(genuine, SHRINKAGE), axis=0)
    assert spread.max() <= 1.001
    assert np.std(genuine, axis=0).max() > 100 * np.std(genuine, axis=0).min()


def test_a_head_is_in_units_of_its_spread_on_genuine_crops(genuine: Floats) -> None:
    """So that neither of the two regressions outweighs the other in their mean."""
    fake = genuine + np.array([0, 3, 0, 0], np.float32)
    x, y = np.concatenate([genuine, fake]), np.repeat([False, True], len(genuine))
    found = heads.fitted(x, y, np.ones(len(y)), heads.Recipe(0.01, SHRINKAGE))
    logits = x @ found.weight + found.bias
    assert np.std(logits[~y]) == pytest.approx(1, abs=0.05)
    assert logits[y].mean() > logits[~y].mean() + 2


def test_a_source_that_is_left_out_is_not_learned(genuine: Floats) -> None:
    columns = {
        "row": np.array(["imagenet"] * 2000 + ["sd21"] * 500 + ["trip"] * 500),
        "fake": np.array([False] * 2000 + [True] * 1000),
    }
    seen = np.concatenate([genuine, genuine[:500] + np.array([0, 3, 0, 0], np.float32),
                           genuine[500:1000] + np.array([0, 0, 3, 0], np.float32)])  # fmt: skip
    both, counts = head.fitted(columns, seen, ("sd21", "trip"))
    without, fewer = head.fitted(columns, seen, ("trip",))
    assert "sd21 fake" in counts and "sd21 fake" not in fewer
    assert abs(without.weight[1]) < 0.2 * abs(both.weight[1])
