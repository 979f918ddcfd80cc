"""Estimates how far a picture was enlarged beyond the detail it contains.

Reduced to a third and enlarged again, a picture loses everything finer than three pixels. Where
that loss is close to nothing, relative to the loss at an eighth, the picture was enlarged threefold
before, or blurred as much: its traces are gone, and a check that looks for traces has nothing to
examine. JPEG and noise add fine structure of their own and are not mistaken for enlargement.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Pixels

COARSE = 8
LIMITS = {4: 0.305, 3: 0.215}
"""Share of the coarse loss below which a picture counts as enlarged so many times. Set on genuine
faces of the validation split; `tests/media/test_detail.py` holds what the test split shows."""


def enlargement(pixels: Pixels) -> int:
    """1, 3, or 4 and more; less than three times is within what the checks are calibrated for."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    coarse = _lost(grey, COARSE)
    if coarse < 0.5:
        return 1  # an even area has nothing to lose, and says nothing
    return next((f for f, limit in LIMITS.items() if _lost(grey, f) < limit * coarse), 1)


def _lost(grey: NDArray[np.float32], factor: int) -> float:
    """Mean grey levels that do not survive being `factor` times smaller."""
    height, width = grey.shape
    small = (max(round(width / factor), 2), max(round(height / factor), 2))
    smaller = cv2.resize(grey, small, interpolation=cv2.INTER_AREA)
    back = cv2.resize(smaller, (width, height), interpolation=cv2.INTER_CUBIC)
    return float(np.abs(grey - back).mean())
