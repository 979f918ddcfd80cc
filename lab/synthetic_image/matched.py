"""Makes both pictures of a pair equally sharp.

A round trip removes fine detail, but so do lenses, editors and strong compression. A network that
only distinguishes sharp from soft would raise an alarm for every soft photograph, so most pairs are
made equal in this respect: one picture is filtered to the other's spectrum, or the genuine one is
softened by ordinary means. Mean colours and JPEG traces are equalised as well.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from lab.synthetic_image import degrade
from lab.synthetic_image.degrade import Pixels

RINGS = 48
EDGE = 16


def matched(real: Pixels, fake: Pixels, random: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Both may change. Nearly every genuine picture was saved as JPEG once and its round trip was
    not, so the round trip is, half of the time."""
    fake = with_colours_of(real, fake)
    draw = random.random()
    if draw < 0.25:
        real = with_spectrum_of(fake, real)
    elif draw < 0.4:
        fake = with_spectrum_of(real, fake)
    elif draw < 0.75:
        real = softened(real, random)
    if random.random() < 0.5:
        fake = degrade.saved(fake, "JPEG", int(random.integers(60, 97)))
    return real, fake


def with_colours_of(pattern: Pixels, pixels: Pixels) -> Pixels:
    shift = pattern.mean((0, 1)) - pixels.mean((0, 1))
    shifted: Pixels = np.clip(np.round(pixels + shift), 0, 255).astype(np.uint8)
    return shifted


def with_spectrum_of(pattern: Pixels, pixels: Pixels) -> Pixels:
    """`pixels`, filtered so that each ring of its spectrum is as strong as in `pattern`."""
    rings, wanted = _strengths(pattern)
    _, found = _strengths(pixels)
    gain = np.sqrt((wanted + 1e-3) / (found + 1e-3)).clip(0.1, 4.0)
    wide = cv2.copyMakeBorder(pixels, EDGE, EDGE, EDGE, EDGE, cv2.BORDER_REFLECT_101)
    rings = _rings(wide.shape[0], wide.shape[1])
    smooth = np.interp(rings, np.arange(RINGS) + 0.5, gain)
    smooth[0, 0] = 1.0
    filtered = [
        np.fft.irfft2(np.fft.rfft2(wide[..., c].astype(np.float32)) * smooth, wide.shape[:2])
        for c in range(3)
    ]
    inner = np.stack(filtered, -1)[EDGE:-EDGE, EDGE:-EDGE]
    return np.clip(np.round(inner), 0, 255).astype(np.uint8)


def softened(pixels: Pixels, random: np.random.Generator) -> Pixels:
    draw = random.random()
    if draw < 0.3:
        return degrade.blurred(pixels, random.uniform(0.4, 1.5))
    if draw < 0.5:
        return degrade.denoised(pixels, random.random())
    if draw < 0.65:
        return cast("Pixels", cv2.bilateralFilter(pixels, 9, random.uniform(20, 80), 5))
    height, width = pixels.shape[:2]
    how = int(random.choice(degrade.RESIZERS))
    small = degrade.resized(pixels, random.uniform(0.45, 0.9), how)
    how = int(random.choice((cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_LANCZOS4)))
    return cast("Pixels", cv2.resize(small, (width, height), interpolation=how))


def _strengths(pixels: Pixels) -> tuple[np.ndarray, np.ndarray]:
    height, width = pixels.shape[:2]
    window = np.outer(np.hanning(height), np.hanning(width))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    power = np.abs(np.fft.rfft2((grey - grey.mean()) * window)) ** 2 / (height * width)
    rings = _rings(height, width).astype(int).clip(0, RINGS - 1)
    total = np.bincount(rings.ravel(), power.ravel(), RINGS)
    count = np.bincount(rings.ravel(), minlength=RINGS)
    return rings, total / np.maximum(count, 1)


def _rings(height: int, width: int) -> np.ndarray:
    down = np.fft.fftfreq(height)[:, None]
    across = np.fft.rfftfreq(width)[None, :]
    rings: np.ndarray = np.sqrt(down**2 + across**2) / np.sqrt(0.5) * RINGS
    return rings
