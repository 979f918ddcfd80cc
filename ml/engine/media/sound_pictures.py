"""Draws a sound for people: its waveform and its spectrogram. No check uses them.

Both pictures cover the same seconds as the timeline, with one column for each equal part of them,
so that they align with the lanes without scaling. Made from clean samples only.
"""

from __future__ import annotations

import logging

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import MediaInfo, Pixels, Samples, Scenes
from ml.engine.media import webp
from ml.engine.media.spectra import POINTS, RATE, finite

log = logging.getLogger(__name__)

WAVEFORM, SPECTROGRAM = "waveform", "spectrogram"
NAMES = (WAVEFORM, SPECTROGRAM)
COLUMNS, TALL, BINS = 600, 96, 128
MOST_LOOKS = 4
"""Spectra that are averaged in a column: a long column does not depend on one moment of it."""
FAINTEST = -70.0
"""Decibels under the loudest; what lies below is drawn as nothing."""
SHADES = 24
"""Fewer levels than the eye can distinguish, and a quarter of the bytes."""
GROUND, BODY, PEAK = (12, 11, 10), (213, 160, 33), (132, 101, 30)
AT_ONCE = 100


def pictures(samples: Samples | None, seconds: float) -> dict[str, bytes]:
    """By name, of `seconds` from the file's start; none of a file without sound."""
    if samples is None or not samples.size or seconds <= 0:
        return {}
    wave = finite(samples)
    return {
        WAVEFORM: webp.drawing(_waveform(wave, seconds)),
        SPECTROGRAM: webp.drawing(_spectrogram(wave, seconds)),
    }


def drawn(samples: Samples | None, info: MediaInfo, scenes: Scenes | None) -> dict[str, bytes]:
    """Over the seconds of the timeline. What goes wrong here costs no analysis anything."""
    try:
        return pictures(samples, span(info, scenes))
    except Exception:
        log.exception("the sound could not be drawn")
        return {}


def span(info: MediaInfo, scenes: Scenes | None) -> float:
    """The length of the timeline: the file's duration, or the decoded sound's if that is longer."""
    ends = [stretch.end for stretch in scenes.stretches] if scenes else []
    return max([info.duration or 0.0, *ends])


def _edges(seconds: float) -> NDArray[np.int64]:
    """Where each column begins, in samples, and where the last one ends."""
    edges: NDArray[np.int64] = np.rint(np.linspace(0, seconds * RATE, COLUMNS + 1)).astype(np.int64)
    return edges


def _waveform(wave: NDArray[np.floating], seconds: float) -> Pixels:
    """From the lowest to the highest sample of each column, and brighter as far as its mean power
    reaches. As high as the loudest moment."""
    edges = _edges(seconds)
    starts = edges[:-1][edges[:-1] < wave.size]
    samples = wave[: edges[-1]]
    high, low = np.maximum.reduceat(samples, starts), np.minimum.reduceat(samples, starts)
    power = np.sqrt(_mean_power(samples, starts))
    loudest = max(float(high.max()), -float(low.min()), 1e-4)
    rows = np.arange(TALL)[:, None]
    picture = np.full((TALL, COLUMNS, 3), GROUND, np.uint8)
    reached = picture[:, : len(starts)]
    for top, bottom, colour in (
        (high, low, PEAK),
        (np.minimum(power, high), np.maximum(-power, low), BODY),
    ):
        first, last = (
            np.rint((TALL - 1) / 2 * (1 - edge / loudest)).astype(int) for edge in (top, bottom)
        )
        reached[(rows >= first) & (rows <= np.maximum(first, last))] = colour
    return picture


def _mean_power(wave: NDArray[np.floating], starts: NDArray[np.int64]) -> NDArray[np.floating]:
    """The spectrum of each column; some columns at a time, because the squares of an hour would be
    large."""
    ends = [*starts[1:], wave.size]
    return np.concatenate([
        np.add.reduceat(np.square(wave[some[0] : last]), some - some[0])
        for some, last in (
            (starts[n : n + 50], ends[min(n + 50, len(starts)) - 1])
            for n in range(0, len(starts), 50)
        )
    ]) / np.maximum(np.diff([*starts, wave.size]), 1)  # fmt: skip


def _spectrogram(wave: NDArray[np.floating], seconds: float) -> Pixels:
    """Low frequencies at the bottom, half the sampling rate at the top; bright is loud."""
    looks = min(max(round(seconds * RATE / COLUMNS / POINTS), 1), MOST_LOOKS)
    window = np.hanning(POINTS).astype(np.float32)
    places = np.rint((np.arange(COLUMNS * looks) + 0.5) / (COLUMNS * looks) * seconds * RATE)
    power = np.zeros((COLUMNS * looks, BINS), np.float32)
    inside = int(np.searchsorted(places, wave.size))
    for first in range(0, inside, AT_ONCE):
        middles = places[first : min(first + AT_ONCE, inside)].astype(np.int64)
        spectrum = np.fft.rfft(_around(wave, middles) * window, axis=1)[:, 1:]
        found = spectrum.real**2 + spectrum.imag**2
        power[first : first + len(middles)] = found.reshape(len(middles), BINS, -1).mean(axis=2)
    bins = power.reshape(COLUMNS, looks, BINS).mean(axis=1).T[::-1]
    loudest = max(float(bins.max()), 1e-12)
    decibels = 10 * np.log10(np.maximum(bins / loudest, 10 ** (FAINTEST / 10)))
    shades = np.rint((1 - decibels / FAINTEST) * (SHADES - 1)) * (255 / (SHADES - 1))
    coloured = cv2.applyColorMap(np.ascontiguousarray(shades, np.uint8), cv2.COLORMAP_INFERNO)
    return np.asarray(cv2.cvtColor(coloured, cv2.COLOR_BGR2RGB), np.uint8)


def _around(wave: NDArray[np.floating], middles: NDArray[np.int64]) -> NDArray[np.float32]:
    """So many samples round each place; silence beyond both ends of the sound."""
    first, last = int(middles[0]) - POINTS // 2, int(middles[-1]) + POINTS // 2
    before, after = max(-first, 0), max(last - wave.size, 0)
    near = np.pad(wave[max(first, 0) : last], (before, after)).astype(np.float32, copy=False)
    every = np.lib.stride_tricks.sliding_window_view(near, POINTS)
    return np.asarray(every[middles - middles[0]], np.float32)
