"""Turns sound into pictures: log-mel, log-linear, MFCC and LFCC, in training and in serving.

Only NumPy and SciPy, with double precision inside and float32 outside, no state and no clock: the
same samples give the same bits in training and in serving. The level is removed first and the floor
is relative to it, so that neither loudness nor the digital silence that a codec leaves can reveal a
class. Frames are processed in groups, because the doubles of ten minutes would need almost a
gigabyte.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
FRAME = 400
"""25 ms: two to three periods of a deep voice."""
HOP = 160
"""10 ms."""
POINTS = 512
FLOOR = 1e-7
"""Of the window's mean power: what lies more than 70 dB below the speech is not looked at."""

LOUDEST = 8.0
"""Samples beyond are damage; full scale is 1."""
BLOCK = 256
"""Frames at a time."""

Array = NDArray[np.float64]
Features = NDArray[np.float32]


def finite(samples: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """One channel, single or double precision as it came: what is not a number or endless becomes
    silence. Not a copy where there is nothing to mend: ten minutes are large."""
    given = np.asarray(samples)
    kind = np.float32 if given.dtype == np.float32 else np.float64
    wave: NDArray[np.floating[Any]] = np.asarray(given, kind)
    if wave.ndim == 2:
        wave = wave.mean(axis=1 if wave.shape[0] >= wave.shape[1] else 0)
    if wave.ndim != 1:
        raise ValueError(f"Sound has one or two dimensions, not {wave.ndim}.")
    if not wave.size or (wave.min() >= -LOUDEST and wave.max() <= LOUDEST):
        return wave
    mended = np.nan_to_num(wave, nan=0.0, posinf=0.0, neginf=0.0)
    clipped: NDArray[np.floating[Any]] = np.clip(mended, -LOUDEST, LOUDEST)
    return clipped


def cleaned(samples: NDArray[Any]) -> Array:
    """One channel of finite doubles."""
    return finite(samples).astype(np.float64, copy=False)


def power_frames(wave: NDArray[np.floating[Any]]) -> Iterator[Array]:
    """Power spectrum of each 25 ms frame at mean power 1, frames x 257, BLOCK frames at a time.
    Silence stays silence, and too short a sound is padded to one frame."""
    from scipy.fft import rfft  # slow to import, and pages only need the names above

    mean, power = _level(wave)
    count = max((wave.size - FRAME) // HOP + 1, 1)
    for first in range(0, count, BLOCK):
        last = min(first + BLOCK, count)
        piece = wave[first * HOP : (last - 1) * HOP + FRAME].astype(np.float64) - mean
        piece = piece / np.sqrt(power) if power > 1e-12 else np.zeros_like(piece)
        piece = np.pad(piece, (0, max(FRAME - piece.size, 0)))
        frames = np.lib.stride_tricks.sliding_window_view(piece, FRAME)[::HOP]
        spectrum = rfft(frames * _window(), POINTS, axis=1)
        yield np.asarray(spectrum.real**2 + spectrum.imag**2) / _window_power()


def _level(wave: NDArray[np.floating[Any]]) -> tuple[float, float]:
    """Mean, and mean power about it."""
    if not wave.size:
        return 0.0, 0.0
    mean = float(wave.mean(dtype=np.float64))
    pieces = (wave[n : n + RATE].astype(np.float64) - mean for n in range(0, wave.size, RATE))
    return mean, float(sum(np.dot(piece, piece) for piece in pieces)) / wave.size


def log_mel(samples: NDArray[Any], bands: int = 64) -> Features:
    """Natural log of mel band powers, frames x bands."""
    return _log_bands(samples, mel_filters(bands))


def mfcc(samples: NDArray[Any], bands: int = 40, coefficients: int = 20) -> Features:
    return _cepstrum(log_mel(samples, bands), coefficients)


def _log_bands(samples: NDArray[Any], filters: Array) -> Features:
    bands = [power @ filters.T for power in power_frames(finite(samples))]
    return np.log(np.concatenate(bands) + FLOOR).astype(np.float32)


def _cepstrum(logs: Features, coefficients: int) -> Features:
    from scipy.fft import dct

    values = dct(logs.astype(np.float64), type=2, norm="ortho", axis=1)
    return np.asarray(values[:, :coefficients], np.float32)


@functools.cache
def _window() -> Array:
    return np.hanning(FRAME + 1)[:-1].astype(np.float64)


@functools.cache
def _window_power() -> float:
    return float(np.sum(_window() ** 2))


@functools.cache
def mel_filters(bands: int, low: float = 20.0, high: float = RATE / 2) -> Array:
    """Triangles of unit sum on the mel scale (2595 log10(1 + f/700)), bands x 257."""
    lowest, highest = 2595.0 * np.log10(1.0 + np.array([low, high]) / 700.0)
    mels = np.linspace(lowest, highest, bands + 2)
    return _triangles(700.0 * (10.0 ** (mels / 2595.0) - 1.0))


def _triangles(corners: Array) -> Array:
    frequencies = np.linspace(0.0, RATE / 2, POINTS // 2 + 1)
    left, middle, right = (corners[k : k + len(corners) - 2, None] for k in range(3))
    rise = (frequencies - left) / (middle - left)
    fall = (right - frequencies) / (right - middle)
    filters = np.maximum(0.0, np.minimum(rise, fall))
    total = filters.sum(axis=1, keepdims=True)
    # The narrowest mel bands fall between two bins: give them the nearest one.
    empty = np.flatnonzero(total[:, 0] < 1e-9)
    nearest = np.argmin(np.abs(frequencies - middle[empty]), axis=1)
    filters[empty, nearest] = 1.0
    of_unit_sum: Array = filters / filters.sum(axis=1, keepdims=True)
    return of_unit_sum
