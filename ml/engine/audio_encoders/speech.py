"""Prepares the speech encoder's input: one window of speech at a fixed level, as the log-mel
spectrogram that Whisper was trained on."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE

BANDS, POINTS, HOP = 80, 400, 160
QUIETEST = 8.0
"""Decades below the loudest band that are looked at."""
LEVEL = 0.1

Picture = NDArray[np.float32]


def levelled(wave: NDArray[Any]) -> Samples:
    """Without what a recorder adds to every sample, and as loud as every other window."""
    wave = wave - wave.mean()
    power = float(np.sqrt(np.mean(wave**2)))
    return np.asarray(wave * (LEVEL / max(1e-6, power)), np.float32)


@functools.cache
def filters() -> NDArray[np.float64]:
    """Triangles of unit area on Slaney's scale: even to 1 kHz, then in equal ratios."""
    step, corner, ratio = 200 / 3, 1000.0, np.log(6.4) / 27

    def to_mel(hertz: float) -> float:
        if hertz < corner:
            return hertz / step
        return float(corner / step + np.log(hertz / corner) / ratio)

    mels = np.linspace(0.0, to_mel(RATE / 2), BANDS + 2)
    bent = np.maximum(mels, corner / step) - corner / step
    corners = np.where(mels < corner / step, mels * step, corner * np.exp(ratio * bent))
    return triangles(corners, RATE, POINTS) * (2 / (corners[2:] - corners[:-2])[:, None])


def triangles(corners: NDArray[np.float64], rate: int, points: int) -> NDArray[np.float64]:
    """Triangles of height one, from each corner over the next to the one after it, in hertz."""
    hertz = np.linspace(0, rate / 2, points // 2 + 1)
    low, middle, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rise, fall = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
    return np.maximum(0.0, np.minimum(rise, fall))


def picture(wave: NDArray[Any]) -> Picture:
    """Hundredths of a second x 80."""
    padded = np.pad(np.asarray(wave, np.float64), POINTS // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, POINTS)[::HOP][: len(wave) // HOP]
    window = np.hanning(POINTS + 1)[:-1]
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    logs = np.log10(np.maximum(power @ filters().T, 1e-10))
    scaled: Picture = ((np.maximum(logs, logs.max() - QUIETEST) + 4) / 4).astype(np.float32)
    return scaled
