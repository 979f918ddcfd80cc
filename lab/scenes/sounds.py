"""Synthesises music, drums and noise, to test whether they are mistaken for speech.

Each maker gives so many seconds of 16 kHz mono; another seed gives another piece.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE

Wave = NDArray[np.floating[Any]]
LOUDNESS = 0.1
SCALE = (0, 2, 4, 5, 7, 9, 11)
CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14), (2, 5, 9))


def made(kind: str, seed: int, seconds: float) -> Samples:
    """One piece, at a loudness of its own."""
    rng = np.random.default_rng([seed, *kind.encode()])
    wave = MAKERS[kind](rng, round(seconds * RATE))
    return at_level(wave, LOUDNESS * 10 ** rng.uniform(-0.5, 0.3))


def at_level(wave: Wave, level: float) -> Samples:
    return np.asarray(level * wave / (np.sqrt(np.mean(wave**2)) + 1e-12), np.float32)


def chords(rng: Generator, length: int) -> Wave:
    """A struck instrument: partials that die away, a chord each beat or two."""
    wave = np.zeros(length)
    key, beat = rng.uniform(98, 196), rng.uniform(0.35, 0.8)
    at = 0.0
    while at * RATE < length:
        held = beat * rng.choice([1, 2])
        for step in CHORDS[rng.integers(len(CHORDS))]:
            _add(wave, at, _note(key * 2 ** (step / 12), held, rng, falls=3.0))
        at += held
    return wave


def melody(rng: Generator, length: int) -> Wave:
    """One bowed voice: harmonics, vibrato, slides from note to note, notes of many lengths."""
    wave = np.zeros(length)
    key, beat, at = rng.uniform(180, 330), rng.uniform(0.2, 0.45), 0.0
    place = int(rng.integers(len(SCALE)))
    vibrato = rng.uniform(0.0, 0.35)
    while at * RATE < length:
        held = beat * rng.choice([1, 1, 2, 3])
        place = int(np.clip(place + rng.integers(-2, 3), 0, len(SCALE) - 1))
        note = _note(key * 2 ** (SCALE[place] / 12), held, rng, falls=0.5, vibrato=vibrato)
        _add(wave, at, note)
        at += held
    return wave


def drums(rng: Generator, length: int) -> Wave:
    """Kick, snare and hat in a pattern that keeps its beat."""
    wave = np.zeros(length)
    step = rng.uniform(0.11, 0.2)
    kick, snare = rng.random(16) < 0.3, rng.random(16) < 0.2
    for count in range(int(length / RATE / step) + 1):
        at = count * step
        if kick[count % 16]:
            fall = np.arange(round(0.25 * RATE)) / RATE
            _add(wave, at, np.sin(2 * np.pi * (55 * fall + 4 * (1 - np.exp(-30 * fall))))
                 * np.exp(-14 * fall))  # fmt: skip
        if snare[count % 16] or count % 8 == 4:
            _add(wave, at, 0.6 * _burst(rng, 0.18, 22))
        _add(wave, at, 0.2 * np.diff(_burst(rng, 0.06, 70), prepend=0.0))
    return wave


def band(rng: Generator, length: int) -> Wave:
    """All three together."""
    parts = [at_level(maker(rng, length), rng.uniform(0.5, 1)) for maker in (chords, melody, drums)]
    together: Wave = np.sum(parts, axis=0)
    return together


def pink_noise(rng: Generator, length: int) -> Wave:
    spectrum = np.fft.rfft(rng.normal(size=length))
    return np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1), length)


def gusts(rng: Generator, length: int) -> Wave:
    """Pink noise that swells and falls a few times a second, as wind and waves do."""
    knots = np.arange(0, length + 2000, 2000)
    swell = np.interp(np.arange(length), knots, rng.random(len(knots)))
    return pink_noise(rng, length) * swell**2


def tones(rng: Generator, length: int) -> Wave:
    """Beeps: a dial tone, an alarm, a test tone."""
    seconds = np.arange(length) / RATE
    on = np.sin(2 * np.pi * rng.uniform(0.3, 3) * seconds) > rng.uniform(-1, 0.3)
    pair = sum(np.sin(2 * np.pi * f * seconds) for f in rng.uniform(300, 1400, 2))
    return np.asarray(pair * on)


def _note(frequency: float, seconds: float, rng: Generator, *, falls: float,
          vibrato: float = 0.0) -> Wave:  # fmt: skip
    at = np.arange(round(seconds * RATE)) / RATE
    waver = vibrato * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * at) * np.minimum(at * 4, 1)
    slide = -rng.uniform(0, 1.5) * (vibrato > 0) * np.exp(-at * 30)
    phase = 2 * np.pi * np.cumsum(frequency * 2 ** ((waver + slide) / 12)) / RATE
    partials = [
        np.sin(n * phase) * np.exp(-at * falls * n) / n**1.2
        for n in range(1, 13)
        if n * frequency < RATE / 2
    ]
    edge = np.minimum(1, np.minimum(at, at[-1] - at if len(at) else at) / 0.01)
    return np.asarray(np.sum(partials, axis=0) * edge)


def _burst(rng: Generator, seconds: float, falls: float) -> Wave:
    at = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(rng.normal(size=len(at)) * np.exp(-falls * at))


def _add(wave: Wave, at: float, piece: Wave) -> None:
    first = round(at * RATE)
    room = wave[first : first + len(piece)]
    room += piece[: len(room)]


MAKERS: Mapping[str, Callable[[Generator, int], Wave]] = {
    "chords": chords,
    "melody": melody,
    "drums": drums,
    "band": band,
    "pink noise": pink_noise,
    "gusts": gusts,
    "tones": tones,
}
