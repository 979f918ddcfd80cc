"""Detects cuts, so that a face is not tracked into another scene."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Pixels

MOVED = 0.10
"""Mean difference of a 32 x 18 copy, as a share of the whole range."""
RECOLOURED = 0.30
"""Half the sum of absolute differences of the colour histograms: 0 the same, 1 nothing shared."""


class CutFinder:
    """Says of each frame whether it starts a new scene. Both the picture and its colours must
    change: a person who walks through the frame changes one, a lamp the other."""

    def __init__(self) -> None:
        self._small: NDArray[np.float32] | None = None
        self._colours: NDArray[np.float32] | None = None

    def starts_scene(self, pixels: Pixels) -> bool:
        tiny = np.asarray(cv2.resize(pixels, (64, 36), interpolation=cv2.INTER_LINEAR), np.uint8)
        smaller = cv2.resize(tiny, (32, 18), interpolation=cv2.INTER_AREA)
        small = np.asarray(smaller, np.float32) / np.float32(255)
        bins = (tiny >> 6).astype(np.int32)
        index = bins[..., 0] * 16 + bins[..., 1] * 4 + bins[..., 2]
        counts = np.bincount(index.ravel(), minlength=64)
        colours = np.asarray(counts / index.size, np.float32)
        before, before_colours = self._small, self._colours
        self._small, self._colours = small, colours
        if before is None or before_colours is None:
            return True
        moved = float(np.abs(small - before).mean())
        recoloured = float(np.abs(colours - before_colours).sum()) / 2
        return moved > MOVED and recoloured > RECOLOURED
