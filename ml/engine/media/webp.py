"""Encodes pictures for people as WebP: a third of a PNG's bytes, in a third of its time."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

QUALITY = 85
EFFORT = 0
"""From 0 to 6. Somebody waits for the verdict: 4 takes four times as long for 11 % fewer bytes."""


def photograph(pixels: NDArray[np.uint8]) -> bytes:
    return _encoded(pixels, lossless=False)


def drawing(pixels: NDArray[np.uint8]) -> bytes:
    """Drawings with few colours: lossy compression would blur their sharp lines and save
    nothing."""
    return _encoded(pixels, lossless=True)


def _encoded(pixels: NDArray[np.uint8], *, lossless: bool) -> bytes:
    out = io.BytesIO()
    picture = Image.fromarray(pixels).convert("RGB")
    picture.save(out, "WEBP", lossless=lossless, quality=QUALITY, method=EFFORT)
    return out.getvalue()
