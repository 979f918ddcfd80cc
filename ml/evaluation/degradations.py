"""What is done to pictures to see whether the checks still hold: seven kinds at five strengths.

Kinds and strengths are those of the DeeperForensics challenge, so that figures can be compared;
what is called JPEG there only makes pixels coarser, and is named so here. The video codec is not a
function of one frame and stands in `rewriting.py`. Each function draws from the generator that it
is given and from nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from ml.engine.contract import Pixels

Degradation = Callable[[Pixels, float, Generator], Pixels]

CODEC = "video codec"
STRENGTHS: dict[str, tuple[float, ...]] = {
    "saturation": (0.4, 0.3, 0.2, 0.1, 0.0),
    "contrast": (0.85, 0.725, 0.6, 0.475, 0.35),
    "grey blocks": (16, 32, 48, 64, 80),
    "colour noise": (0.001, 0.002, 0.005, 0.01, 0.05),
    "blur": (7, 9, 13, 17, 21),
    "coarser pixels": (2, 3, 4, 5, 6),
    CODEC: (30, 32, 35, 38, 40),
}
BLOCK = 8
BLOCKS_MEANT_FOR = 256
"""Side of the picture that the number of blocks is given for."""


def saturation(pixels: Pixels, share: float, random: Generator) -> Pixels:
    """Colour drawn towards grey; the light stays."""
    luma, colour = _luma_colour(pixels)
    return _rgb(luma, 0.5 + (colour - 0.5) * share)


def contrast(pixels: Pixels, share: float, random: Generator) -> Pixels:
    """Every value drawn towards black."""
    return (pixels.astype(np.float32) * share).astype(np.uint8)


def grey_blocks(pixels: Pixels, count: float, random: Generator) -> Pixels:
    """Small grey squares anywhere. The number grows with the picture in steps, as in the
    challenge; a picture smaller than it was meant for gets the same share of its area."""
    height, width = pixels.shape[:2]
    shorter = min(height, width)
    if shorter < BLOCK:
        return pixels
    if shorter >= BLOCKS_MEANT_FOR:
        blocks = int(count) * (shorter // BLOCKS_MEANT_FOR)
    else:
        blocks = max(round(count * height * width / BLOCKS_MEANT_FOR**2), 1)
    out = pixels.copy()
    for _ in range(blocks):
        left = int(random.integers(width - BLOCK + 1))
        top = int(random.integers(height - BLOCK + 1))
        out[top : top + BLOCK, left : left + BLOCK] = 128
    return out


def colour_noise(pixels: Pixels, variance: float, random: Generator) -> Pixels:
    """White noise on light and colour alike."""
    luma, colour = _luma_colour(pixels)
    grain = random.standard_normal((*luma.shape, 3), np.float32) * np.float32(variance**0.5)
    return _rgb(luma + grain[..., 0], colour + grain[..., 1:])


def blur(pixels: Pixels, kernel: float, random: Generator) -> Pixels:
    side = int(kernel)
    return np.asarray(cv2.GaussianBlur(pixels, (side, side), side / 6), np.uint8)


def coarser_pixels(pixels: Pixels, factor: float, random: Generator) -> Pixels:
    """Smaller by the factor and back."""
    height, width = pixels.shape[:2]
    small = (max(int(width // factor), 1), max(int(height // factor), 1))
    return np.asarray(cv2.resize(cv2.resize(pixels, small), (width, height)), np.uint8)


OF_A_FRAME: dict[str, Degradation] = {
    "saturation": saturation,
    "contrast": contrast,
    "grey blocks": grey_blocks,
    "colour noise": colour_noise,
    "blur": blur,
    "coarser pixels": coarser_pixels,
}

_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)
_TO_RGB = np.linalg.inv(_TO_YCC.astype(np.float64)).astype(np.float32)


def _luma_colour(pixels: Pixels) -> tuple[np.ndarray, np.ndarray]:
    """Light, and two colour differences round one half; in shares of full scale, not rounded."""
    both = (pixels.astype(np.float32) / 255.0) @ _TO_YCC.T
    return both[..., 0], both[..., 1:] + 0.5


def _rgb(luma: np.ndarray, colour: np.ndarray) -> Pixels:
    both = np.concatenate([luma[..., None], colour - 0.5], axis=-1) @ _TO_RGB.T
    return np.clip(np.round(both * 255.0), 0, 255).astype(np.uint8)


# === Ways through the world ===


def smaller(pixels: Pixels, share: float) -> Pixels:
    height, width = pixels.shape[:2]
    size = (max(round(width * share), 8), max(round(height * share), 8))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def within(pixels: Pixels, longest: int) -> Pixels:
    """At most so long on its longer side; never made larger."""
    share = longest / max(pixels.shape[:2])
    return pixels if share >= 1.0 else smaller(pixels, share)
