"""Cuts the crop that the network sees: the landmarks' bounding box, with a little jitter in
training.

Serving cuts the same crop (`ml.engine.media.crops.with_margin`). Change both together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ml.engine.contract import Pixels
from ml.engine.media.crops import to_side

__all__ = ["Jitter", "Window", "cut", "draw_jitter", "face", "to_side", "window"]

Window = tuple[int, int, int, int]


@dataclass(frozen=True)
class Jitter:
    """Shares of the box by which each side goes out (or, if negative, in)."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


def draw_jitter(random: Generator, *, inward: float = 0.08, outward: float = 0.15) -> Jitter:
    sides = random.uniform(-inward, outward, 4)
    return Jitter(*(float(side) for side in sides))


def window(
    points: NDArray[np.float32], shape: tuple[int, ...], jitter: Jitter | None = None
) -> Window:
    """Left, top, right, bottom in whole pixels: the landmarks' box, cut to the picture."""
    jitter = jitter or Jitter()
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    width, height = high - low
    left = max(round(float(low[0] - jitter.left * width)), 0)
    top = max(round(float(low[1] - jitter.top * height)), 0)
    right = min(round(float(high[0] + jitter.right * width)), shape[1])
    bottom = min(round(float(high[1] + jitter.bottom * height)), shape[0])
    if right - left < 16 or bottom - top < 16:
        return 0, 0, int(shape[1]), int(shape[0])
    return left, top, right, bottom


def face(picture: Pixels, points: NDArray[np.float32], margin: float = 0.0) -> Pixels:
    """The face as it is judged: the landmarks' box without jitter, or with room round it."""
    place = window(points, picture.shape, Jitter(margin, margin, margin, margin))
    return np.ascontiguousarray(cut(picture, place)).astype(np.uint8)


def cut(pixels: NDArray[np.generic], place: Window) -> NDArray[np.generic]:
    left, top, right, bottom = place
    return pixels[top:bottom, left:right]
