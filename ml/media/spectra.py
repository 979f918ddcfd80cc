"""Sound as pictures: log-mel, log-linear, MFCC and LFCC. One code for training and for serving.

Only NumPy and SciPy, double precision inside and float32 outside, no state and no clock: the same
samples give the same bits, whether a network is being trained or a file is being judged. The level
is taken out first and the floor is relative to it, so that neither loudness nor the digital silence
that a codec leaves behind can give a class away.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, rfft

RATE = 16_000
FRAME = 400
"""25 ms: two to three periods of a deep voice."""
HOP = 160
"""10 ms."""
POINTS = 512
FLOOR = 1e-7
"""Of the window's mean power: what lies more than 70 dB below the speech is not looked at."""

Array = NDArray[np.float64]
Features = NDArray[np.float32]


def cleaned(samples: NDArray[Any]) -> Array:
    """One channel of finite doubles: what is not a number or endless becomes silence."""
    wave = np.asarray(samples, np.float64)
    if wave.ndim == 2:
        wave = wave.mean(axis=1 if wave.shape[0] >= wave.shape[1] else 0)
    if wave.ndim != 1:
        raise ValueError(f"Sound has one or two dimensions, not {wave.ndim}.")
    return np.clip(np.nan_to_num(wave, nan=0.0, posinf=0.0, neginf=0.0), -8.0, 8.0)


def levelled(samples: NDArray[Any]) -> Array:
    """The same sound at mean power 1; silence stays silence."""
    wave = cleaned(samples)
    wave = wave - wave.mean() if wave.size else wave
    power = float(np.mean(wave * wave)) if wave.size else 0.0
    return wave / np.sqrt(power) if power > 1e-12 else np.zeros_like(wave)


def power_frames(wave: Array) -> Array:
    """Power spectrum of each 25 ms frame, frames x 257. Too short a sound is padded to one."""
    if wave.size < FRAME:
        wave = np.pad(wave, (0, FRAME - wave.size))
    frames = np.lib.stride_tricks.sliding_window_view(wave, FRAME)[::HOP]
    spectrum = rfft(frames * _window(), POINTS, axis=1)
    return np.asarray(spectrum.real**2 + spectrum.imag**2) / _window_power()


def log_mel(samples: NDArray[Any], bands: int = 64) -> Features:
    """Natural log of mel band powers, frames x bands."""
    return _log_bands(samples, mel_filters(bands))


def log_linear(samples: NDArray[Any], bands: int = 64) -> Features:
    """The same on evenly spaced bands: vocoders fail high up, where mel bands are wide."""
    return _log_bands(samples, linear_filters(bands))


def mfcc(samples: NDArray[Any], bands: int = 40, coefficients: int = 20) -> Features:
    return _cepstrum(log_mel(samples, bands), coefficients)


def lfcc(samples: NDArray[Any], bands: int = 64, coefficients: int = 20) -> Features:
    """Linear frequency cepstral coefficients, the classic of this field."""
    return _cepstrum(log_linear(samples, bands), coefficients)


def with_deltas(features: Features) -> Features:
    """Static values, their slopes and the slopes of those, side by side."""
    first = _slope(features)
    return np.concatenate([features, first, _slope(first)], axis=1)


def _log_bands(samples: NDArray[Any], filters: Array) -> Features:
    power = power_frames(levelled(samples)) @ filters.T
    return np.log(power + FLOOR).astype(np.float32)


def _cepstrum(logs: Features, coefficients: int) -> Features:
    values = dct(logs.astype(np.float64), type=2, norm="ortho", axis=1)
    return np.asarray(values[:, :coefficients], np.float32)


def _slope(features: Features, reach: int = 2) -> Features:
    wide = np.pad(features.astype(np.float64), ((reach, reach), (0, 0)), mode="edge")
    count = features.shape[0]
    total = np.zeros(features.shape)
    for step in range(1, reach + 1):
        total += step * (wide[reach + step :][:count] - wide[reach - step :][:count])
    return (total / (2 * sum(step**2 for step in range(1, reach + 1)))).astype(np.float32)


@functools.cache
def _window() -> Array:
    return np.hanning(FRAME + 1)[:-1].astype(np.float64)


@functools.cache
def _window_power() -> float:
    return float(np.sum(_window() ** 2))


@functools.cache
def mel_filters(bands: int, low: float = 20.0, high: float = RATE / 2) -> Array:
    """Triangles of unit sum on the mel scale (2595 log10(1 + f/700)), bands x 257."""
    ends = 2595.0 * np.log10(1.0 + np.array([low, high]) / 700.0)
    return _triangles(700.0 * (10.0 ** (np.linspace(*ends, bands + 2) / 2595.0) - 1.0))


@functools.cache
def linear_filters(bands: int, low: float = 20.0, high: float = RATE / 2) -> Array:
    """Triangles of unit sum, evenly spaced, bands x 257."""
    return _triangles(np.linspace(low, high, bands + 2))


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
    return filters / filters.sum(axis=1, keepdims=True)
