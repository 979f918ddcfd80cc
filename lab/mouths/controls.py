"""Harmless changes of a whole picture that resemble a redrawn mouth."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from lab.face import blend
from lab.face.blend import Points
from ml.engine.contract import Pixels
from ml.evaluation import degrade

Change = Callable[[Pixels, Points, float], Pixels]


def beauty(pixels: Pixels, points: Points, strength: float) -> Pixels:
    """Smooth skin, as filters of cameras and chats make it: of the face alone."""
    smooth = cv2.bilateralFilter(pixels, 9, 15 + 45 * strength, 3 + 4 * strength)
    face = blend.whole_face(points, (pixels.shape[0], pixels.shape[1]), np.random.default_rng(0))
    side = float((points.max(axis=0) - points.min(axis=0)).max())
    mask = cv2.GaussianBlur(face, (0, 0), 0.04 * max(side, 8.0))
    return blend.mixed(np.asarray(smooth, np.uint8), pixels, np.asarray(mask, np.float32))


def soft(pixels: Pixels, points: Points, strength: float) -> Pixels:
    return degrade.blur(pixels, 0.6 + 1.6 * strength)


def smaller(pixels: Pixels, points: Points, strength: float) -> Pixels:
    """Through a smaller size and back."""
    return degrade.scale(pixels, 0.8 - 0.45 * strength)


def squeezed(pixels: Pixels, points: Points, strength: float) -> Pixels:
    """Few bits a second."""
    return degrade.h264(pixels, 29 + 9 * strength)


def denoised(pixels: Pixels, points: Points, strength: float) -> Pixels:
    return np.asarray(cv2.bilateralFilter(pixels, 5, 15 + 30 * strength, 3), np.uint8)


def sharpened(pixels: Pixels, points: Points, strength: float) -> Pixels:
    return degrade.sharpen(pixels, 0.4 + 1.2 * strength)


def dark(pixels: Pixels, points: Points, strength: float) -> Pixels:
    """Little light, and the grain that goes with it."""
    dim = np.asarray(pixels * (0.6 - 0.35 * strength), np.uint8)
    return degrade.noise(dim, 3 + 5 * strength, int(pixels[:8].sum()))


CHANGES: dict[str, Change] = {
    "beauty filter": beauty,
    "soft focus": soft,
    "made smaller": smaller,
    "few bits": squeezed,
    "denoised": denoised,
    "sharpened": sharpened,
    "little light": dark,
}


def drawn(random: Generator) -> Callable[[Pixels, Points], Pixels]:
    names = sorted(CHANGES)
    change = CHANGES[names[int(random.integers(len(names)))]]
    strength = float(random.random())
    return lambda pixels, points: change(pixels, points, strength)
