"""A voice made of pulses and resonances, so that tests need no recordings of people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

RATE = 16_000
VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (570, 840, 2410),
    (530, 1840, 2480),
    (300, 870, 2240),
)


def speech_like(seconds: float, seed: int = 0, pitch: float = 120.0) -> NDArray[np.float32]:
    """Syllables of hiss and vowel with a gliding pitch and pauses between words."""
    rng = np.random.default_rng(seed)
    pieces: list[NDArray[np.float64]] = []
    total = 0
    while total < seconds * RATE:
        piece = _syllable(rng, pitch)
        if rng.random() < 0.2:
            piece = np.concatenate([piece, np.zeros(int(rng.uniform(0.05, 0.2) * RATE))])
        pieces.append(piece)
        total += len(piece)
    wave = np.concatenate(pieces)[: round(seconds * RATE)]
    return np.asarray(0.2 * wave / (np.abs(wave).max() + 1e-9), np.float32)


def _syllable(rng: np.random.Generator, pitch: float) -> NDArray[np.float64]:
    hiss_length, vowel_length = (
        int(rng.uniform(0.05, 0.1) * RATE),
        int(rng.uniform(0.12, 0.22) * RATE),
    )
    hiss = lfilter([1, -0.95], [1], rng.normal(size=hiss_length)) * 0.15 * np.hanning(hiss_length)
    start, end = pitch * 2 ** rng.uniform(-0.3, 0.3, 2)
    phase = np.cumsum(np.linspace(start, end, vowel_length)) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0) + 0.02 * rng.normal(size=vowel_length)
    vowel = pulses
    for formant in VOWELS[rng.integers(len(VOWELS))]:
        radius = np.exp(-np.pi * 90 / RATE)
        vowel = lfilter(
            [1], [1, -2 * radius * np.cos(2 * np.pi * formant / RATE), radius**2], vowel
        )
    vowel = vowel / np.abs(vowel).max() * np.hanning(vowel_length) ** 0.5
    return np.concatenate([hiss, vowel])
