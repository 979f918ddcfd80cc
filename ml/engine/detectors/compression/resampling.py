"""Detects whether a picture, or a part of it, was enlarged or rotated. Interpolated pixels can be
predicted from their neighbours at a fixed period, which shows as a peak in the spectrum of the
second derivative."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from ml.engine.detectors.compression.blocks import Floats

SMALLEST_SIDE = 128
SLOWEST = 0.06
"""Slower rhythms than this are the picture's own structure."""
JPEG_RHYTHM = np.arange(1, 5) / 8
BLIND_WIDTH = 0.012
"""JPEG's own rhythm of eight pixels hides this much of the spectrum round each multiple."""
NEIGHBOURHOOD = 31


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The strongest line in the spectrum."""

    score: float
    """Its height over the middle height round it."""
    frequency: float
    direction: str
    spectrum: tuple[float, ...]
    """Thinned, for display."""


def rhythm(light: Floats, *, was_jpeg: bool) -> Rhythm | None:
    """None when the picture is too small to say anything."""
    if min(light.shape) < SMALLEST_SIDE:
        return None
    found = [
        _strongest(np.asarray(part, np.float32), name, was_jpeg)
        for part, name in ((light, "horizontal"), (light.T, "vertical"))
    ]
    return max(found, key=lambda r: r.score)


def _strongest(light: Floats, direction: str, was_jpeg: bool) -> Rhythm:
    second = np.abs(2 * light[:, 1:-1] - light[:, :-2] - light[:, 2:])
    line = cv2.log(second + 1).mean(axis=0)
    line = (line - line.mean()) * np.hanning(line.size)
    heights = np.abs(np.fft.rfft(line))
    frequencies = np.asarray(np.fft.rfftfreq(line.size), np.float64)
    floor = median_filter(heights, size=NEIGHBOURHOOD, mode="nearest") + 1e-9
    ratio = heights / floor
    ratio[_hidden(frequencies, line.size, was_jpeg)] = 0.0
    best = int(np.argmax(ratio))
    return Rhythm(
        score=float(ratio[best]),
        frequency=float(frequencies[best]),
        direction=direction,
        spectrum=_thinned(ratio),
    )


def _hidden(frequencies: NDArray[np.float64], length: int, was_jpeg: bool) -> NDArray[np.bool_]:
    hidden = frequencies < SLOWEST
    if was_jpeg:
        width = max(BLIND_WIDTH, 2.5 / length)
        for centre in JPEG_RHYTHM:
            hidden |= np.abs(frequencies - centre) < width
    return hidden


def _thinned(ratio: NDArray[np.float64], points: int = 128) -> tuple[float, ...]:
    parts = np.array_split(ratio, min(points, ratio.size))
    return tuple(round(float(part.max()), 2) for part in parts)
