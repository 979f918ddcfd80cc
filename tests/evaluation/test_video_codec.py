"""Frames through H.264, and the same bytes from the same frames."""

from __future__ import annotations

import numpy as np
import pytest

from ml.engine.contract import Pixels
from ml.evaluation import video_codec


def moving(height: int, width: int) -> list[Pixels]:
    """Noise of eight pixels that moves by one pixel a frame."""
    random = np.random.default_rng(0)
    blocks = random.integers(0, 255, (height // 8 + 1, width // 8 + 3, 3), dtype=np.uint8)
    wide = blocks.repeat(8, axis=0).repeat(8, axis=1)
    return [np.ascontiguousarray(wide[:height, n : n + width]) for n in range(12)]


@pytest.mark.parametrize("size", [(224, 224), (230, 230), (168, 224), (450, 298)])
def test_equal_frames_give_equal_bytes(size: tuple[int, int]) -> None:
    """Whatever lies in memory. With AVX-512, x264 gave other bytes nearly every time."""
    frames, random = moving(*size), np.random.default_rng(1)
    found = set()
    for _ in range(8):
        freed = [np.full(int(random.integers(100, 2_000_000)), random.integers(255), np.uint8)
                 for _ in range(10)]  # fmt: skip
        del freed
        found.add(video_codec.encoded(frames, rate=25, crf=23, preset="fast"))
    assert len(found) == 1


def test_frames_keep_their_size_and_look() -> None:
    """Odd sides too."""
    frames = moving(61, 83)
    found = video_codec.passed(frames, rate=25, crf=18)
    assert [frame.shape for frame in found] == [frame.shape for frame in frames]
    apart = np.abs(np.stack(found).astype(float) - np.stack(frames).astype(float)).mean()
    assert apart < 30


def test_a_higher_factor_makes_a_smaller_file() -> None:
    frames = moving(96, 128)
    fine, coarse = (video_codec.encoded(frames, rate=25, crf=crf) for crf in (18, 40))
    assert len(coarse) < 0.8 * len(fine)
