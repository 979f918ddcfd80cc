"""Computes perceptual fingerprints of pictures: close for copies that were saved again, reduced or
lightly retouched, and distant for other pictures. They find such copies again and say nothing about
manipulation.

64 bits of a discrete cosine transform (`imagehash.phash`), from clean pixels. Two pictures are
similar when at most `NEAR` bits differ.
"""

from __future__ import annotations

import logging

import cv2
import imagehash
import numpy as np
from PIL import Image

from ml.engine.contract import Frame, Pixels

log = logging.getLogger(__name__)

METHOD = 1
"""Raised whenever the same pixels would give other bits: only equal methods are compared."""
NEAR = 7
"""The number of differing bits up to which two fingerprints are similar."""
SIDE = 128
"""Made smaller first: what is finer than this does not count, and fifty megapixels are quick."""
PLAIN = 4.0
"""Grey levels of spread below which a picture is a plain surface, and its bits are noise."""
EVERY = 1.0
"""Seconds between two looks at a video."""
NEW_SCENE = 12
"""Bits by which a frame must differ from the last one kept, to be kept too."""
MOST = 64
"""The limit of fingerprints per video; a longer one is covered up to there."""


def fingerprint(pixels: Pixels) -> int | None:
    """64 bits as a number; None for a plain surface, which looks like every other."""
    square = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    small = cv2.cvtColor(square, cv2.COLOR_RGB2GRAY)
    if float(np.std(small)) < PLAIN:
        return None
    return int(str(imagehash.phash(Image.fromarray(small))), 16)


def distance(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def quarters(bits: int) -> list[int]:
    return [bits >> 16 * place & 0xFFFF for place in range(4)]


def neighbours(bits: int, place: int) -> set[int]:
    """What the quarter at `place` may be in a look that is near: itself or a bit beside.

    Seven bits in four quarters leave a quarter with at most one (two in each would be eight): so
    seventeen numbers for each quarter miss nothing.
    """
    quarter = quarters(bits)[place]
    return {quarter, *(quarter ^ (1 << bit) for bit in range(16))}


class Looks:
    """The fingerprints of one file while its frames go by: one a picture, one a scene."""

    def __init__(self) -> None:
        self.found: list[tuple[float, int]] = []
        self._due = 0.0

    def observe(self, frame: Frame) -> None:
        if len(self.found) >= MOST or frame.seconds + 1e-6 < self._due:
            return
        self._due = frame.seconds + EVERY
        try:
            bits = fingerprint(frame.pixels)
        except Exception:  # finding copies again is a help, and no reason to lose an analysis
            log.exception("a fingerprint could not be taken")
            return
        if bits is not None and self._is_new(bits):
            self.found.append((frame.seconds, bits))

    def _is_new(self, bits: int) -> bool:
        return not self.found or distance(bits, self.found[-1][1]) >= NEW_SCENE
