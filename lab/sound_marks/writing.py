"""Writes the watermark of Resemble's Perth, to measure how well it is read.

The encoder is the other half of the weights file that the check reads: one stack of layers computes
what is added to the spectrogram below 2 kHz. `tests/detectors/test_sound_marks.py` compares it with
what the package itself wrote.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Samples
from ml.engine.detectors.sound_marks import perth
from ml.engine.media.audio import at_rate

SHAPES = (*perth.SHAPES[:-1], (perth.BANDS, perth.WIDTH, 1))


@functools.cache
def _layers() -> tuple[perth.Layer, ...]:
    return perth.stack(perth.CARRIED.content(), 0, SHAPES)


def marked(samples: Samples) -> Samples:
    """A 16 kHz sound with the mark, as long as before."""
    from scipy.signal import resample_poly

    whole = np.pad(at_rate(samples, perth.RATE), (0, perth.HOP))
    back = resample_poly(mark(whole), 1, 2)[: len(samples)]
    return np.asarray(np.pad(back, (0, len(samples) - len(back))), np.float32)


def mark(samples: Samples) -> Samples:
    """The same at 32 kHz, cut to whole hundredths of a second."""
    spectrum = perth.spectrum(samples)
    picture = perth.in_decibels(spectrum)
    low = picture[:, : perth.BANDS]
    low += perth.through(_layers(), low.copy()) * perth.audible(picture)[:, None]
    decibels = picture * (perth.LOUDEST_DB - perth.QUIETEST_DB) + perth.QUIETEST_DB
    size = 10 ** np.minimum(decibels / 20, 10)
    return _sounding(size * np.exp(1j * np.angle(spectrum)))


def _sounding(spectrum: NDArray[np.complexfloating]) -> Samples:
    """The inverse of `perth.spectrum`, by overlapping windows."""
    frames = np.fft.irfft(spectrum, perth.POINTS, axis=1) * perth.window()
    length = (len(frames) - 1) * perth.HOP + perth.POINTS
    sound, weight = np.zeros(length), np.zeros(length)
    for number, frame in enumerate(frames):
        part = slice(number * perth.HOP, number * perth.HOP + perth.POINTS)
        sound[part] += frame
        weight[part] += perth.window() ** 2
    edge = perth.POINTS // 2
    inner = slice(edge, length - edge)
    return np.asarray(sound[inner] / np.maximum(weight[inner], 1e-11), np.float32)
