"""The filmstrip of a video: few frames, evenly spaced, from beginning to end."""

from __future__ import annotations

import numpy as np
import pytest

from ml.engine.contract import Frame
from ml.engine.media.thumbnails import MOST_MOMENTS, Strip


@pytest.mark.parametrize("length", [0.9, 3.0, 47.0, 3600.0])
def test_moments_spread_over_any_length(length: float) -> None:
    """Between half as many as there may be and all, evenly apart, however long the film is."""
    strip, rate = Strip(), 5.0
    for n in range(int(length * rate)):
        strip.observe(Frame(n, n / rate, np.full((9, 16, 3), n % 255, np.uint8)))
    moments = [int(name.removeprefix("at-")) / 1000 for name in strip.pictures()]
    assert len(moments) <= MOST_MOMENTS
    if length >= 3.0:
        assert len(moments) > MOST_MOMENTS / 2 and moments[-1] > length / 2
        gaps = np.diff(moments)
        assert gaps.max() - gaps.min() <= 2 / rate


def test_a_still_has_no_strip() -> None:
    """Its one picture is the frame."""
    strip = Strip()
    strip.observe(Frame(0, 0.0, np.zeros((9, 16, 3), np.uint8)))
    assert strip.pictures() == {}
