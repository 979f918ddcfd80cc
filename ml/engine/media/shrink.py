"""Reduces pictures by averaging the pixels that become one, so that nothing aliases."""

from __future__ import annotations

import cv2
import numpy as np

from ml.engine.contract import Pixels


def smaller(pixels: Pixels, side: int) -> tuple[Pixels, float]:
    """A copy at most `side` long and the factor by which it was made smaller."""
    height, width = pixels.shape[:2]
    factor = min(1.0, side / max(height, width))
    if factor == 1.0:
        return pixels, 1.0
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    return _resized(pixels, size), factor


def divided(pixels: Pixels, side: int) -> tuple[Pixels, float]:
    """A copy at most `side` long by a whole divisor, which is several times faster."""
    return _by_whole(pixels, -(-max(pixels.shape[:2]) // side))


def smaller_in_steps(pixels: Pixels, side: int) -> tuple[Pixels, float]:
    """As `smaller`, for half the price: by a whole divisor as far as that leads, then the rest."""
    rough, first = _by_whole(pixels, max(pixels.shape[:2]) // side)
    fine, second = smaller(rough, side)
    return fine, first * second


def _by_whole(pixels: Pixels, divisor: int) -> tuple[Pixels, float]:
    """What is left over at the right and the lower edge is cut off."""
    if divisor <= 1:
        return pixels, 1.0
    height, width = pixels.shape[:2]
    high, wide = max(height // divisor, 1), max(width // divisor, 1)
    whole = pixels[: high * divisor, : wide * divisor]
    return _resized(whole, (wide, high)), 1.0 / divisor


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
