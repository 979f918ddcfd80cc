"""Luminance and its 8 x 8 cosine transform, as a JPEG encoder would see it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from ml.engine.contract import Pixels

MOST_SIDE = 2048
"""Statistics come from a part of at most this size; more would only cost time."""
FLAT = 1.0
"""Blocks whose luminance hardly varies carry no information."""

Floats = NDArray[np.float32]


def luminance(pixels: Pixels) -> Floats:
    """Y of JFIF, not rounded, from the middle of the picture, cut on multiples of eight."""
    height, width = pixels.shape[:2]
    top = max((height - MOST_SIDE) // 2, 0) // 8 * 8
    left = max((width - MOST_SIDE) // 2, 0) // 8 * 8
    part = pixels[top : top + MOST_SIDE, left : left + MOST_SIDE]
    return np.asarray(part @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def coefficients(light: Floats, left: int = 0, top: int = 0) -> Floats:
    """n x 8 x 8 cosine coefficients of the blocks of the grid that starts at (left, top).

    Clipped and flat blocks are left out: the one breaks the statistics, the other has none."""
    part = light[top:, left:]
    rows, columns = part.shape[0] // 8, part.shape[1] // 8
    if rows == 0 or columns == 0:
        return np.empty((0, 8, 8), np.float32)
    cut = part[: rows * 8, : columns * 8]
    blocks = cut.reshape(rows, 8, columns, 8).swapaxes(1, 2).reshape(-1, 8, 8)
    lowest, highest = blocks.min(axis=(1, 2)), blocks.max(axis=(1, 2))
    useful = (highest - lowest > FLAT) & (lowest > 0.5) & (highest < 254.5)
    return np.asarray(dctn(blocks[useful] - 128.0, axes=(1, 2), norm="ortho"), np.float32)
