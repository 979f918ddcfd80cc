"""Chooses the crops of a picture: in its own pixels, spread over it, each where there is most
detail."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Pixels

SPREAD = 2
"""The picture is divided into so many rows and columns; each gives one crop."""
LOOKED_AT_SIDE = 1024
"""A larger picture is made smaller to find where most is seen, never to be judged."""
STEP = 16
PLAIN = 1.0
"""Mean step between neighbouring pixels below which a crop shows nothing: sky, wall, margin."""


@dataclass(frozen=True, slots=True)
class CropPosition:
    """The corner of a crop, and how much is seen in it."""

    left: int
    top: int
    detail: float

    def cut(self, pixels: Pixels, side: int) -> Pixels:
        part = pixels[self.top : self.top + side, self.left : self.left + side]
        return np.ascontiguousarray(part)


def places(pixels: Pixels, side: int) -> list[CropPosition]:
    """One for each part of the picture that shows anything; none where it is too small."""
    height, width = pixels.shape[:2]
    if min(height, width) < side:
        return []
    seen, factor = _detail(pixels)
    found = [
        _best(seen, factor, rows, columns, side)
        for rows in _parts(height, side)
        for columns in _parts(width, side)
    ]
    detailed = [place for place in found if place.detail >= PLAIN]
    return sorted(set(detailed), key=lambda place: (place.top, place.left))


def _parts(length: int, side: int) -> list[tuple[int, int]]:
    """First and last corner of a crop in each part."""
    last = length - side
    edges = np.linspace(0, last, SPREAD + 1).round().astype(int)
    return [(int(a), int(b)) for a, b in pairwise(edges)]


def _detail(pixels: Pixels) -> tuple[NDArray[np.float64], float]:
    """Summed steps between neighbouring pixels (an integral image), and the scale it is at."""
    height, width = pixels.shape[:2]
    factor = min(1.0, LOOKED_AT_SIDE / max(height, width))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if factor < 1:
        size = (max(round(width * factor), 2), max(round(height * factor), 2))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.blur(grey, (3, 3))  # noise alone is nothing to see
    across = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=1))
    down = np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=1))
    return np.asarray(cv2.integral((across + down) / 2), np.float64), factor


def _best(
    seen: NDArray[np.float64], factor: float, rows: tuple[int, int], columns: tuple[int, int],
    side: int,
) -> CropPosition:  # fmt: skip
    tops, lefts = _steps(*rows), _steps(*columns)
    size = max(round(side * factor), 1)
    top = np.minimum((tops * factor).astype(int), seen.shape[0] - 1 - size)[:, None]
    left = np.minimum((lefts * factor).astype(int), seen.shape[1] - 1 - size)[None, :]
    total = seen[top + size, left + size] - seen[top, left + size]
    total = (total - seen[top + size, left] + seen[top, left]) / size**2
    row, column = np.unravel_index(int(total.argmax()), total.shape)
    return CropPosition(int(lefts[column]), int(tops[row]), float(total[row, column]))


def _steps(first: int, last: int) -> NDArray[np.int64]:
    count = max((last - first) // STEP + 1, 1)
    return np.linspace(first, last, min(count, 24)).round().astype(np.int64)
