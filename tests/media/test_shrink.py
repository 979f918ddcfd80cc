"""Smaller copies: as long as they were asked for, everything in its place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.engine.contract import Pixels
from ml.engine.media import face_model
from ml.engine.media.shrink import divided, smaller, smaller_in_steps

WAYS = (smaller, divided, smaller_in_steps)
Way = Callable[[Pixels, int], tuple[Pixels, float]]


@pytest.mark.parametrize("way", WAYS)
def test_a_smaller_copy_keeps_its_places(way: Way) -> None:
    """A point found in the copy lies where the factor says."""
    pixels = np.zeros((721, 1283, 3), np.uint8)
    pixels[400:440, 800:840] = 255
    small, factor = way(pixels, 384)
    rows, columns = np.nonzero(small[..., 0] > 127)
    assert max(small.shape[:2]) <= 384
    assert columns.mean() / factor == pytest.approx(819.5, abs=1 / factor)
    assert rows.mean() / factor == pytest.approx(419.5, abs=1 / factor)


@pytest.mark.parametrize("way", WAYS)
@given(height=st.integers(1, 700), width=st.integers(1, 700), side=st.integers(1, 400))
def test_no_copy_is_longer_than_asked_for(way: Way, height: int, width: int, side: int) -> None:
    """Nor larger than the picture, nor empty."""
    small, factor = way(np.zeros((height, width, 3), np.uint8), side)
    assert min(small.shape[:2]) >= 1 and max(small.shape[:2]) <= min(max(height, width), side)
    assert 0 < factor <= 1


def test_steps_give_what_one_step_gives() -> None:
    """Of a photograph, but for a few grey levels; below twice the side they are the same."""
    photograph = face_model.golden_photograph()[:440, :440]
    one, _ = smaller(photograph, 160)
    steps, _ = smaller_in_steps(photograph, 160)
    apart = np.abs(one.astype(float) - steps.astype(float))
    assert apart.mean() < 2.5 and np.quantile(apart, 0.99) < 20
    part = photograph[:300, :300]
    assert np.array_equal(smaller(part, 160)[0], smaller_in_steps(part, 160)[0])
