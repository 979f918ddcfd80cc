"""What the two networks see: one code for training and for serving.

Time is counted in places, 25 a second, from the first mouth of a stretch. A mouth's embedding looks
at nine pictures round its place, a sound's at a fifth of a second round it. Both are normalised
over the stretch, so that neither light nor loudness nor the line matters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.media.lips import RATE as PLACES
from ml.media.lips import SIDE
from ml.media.spectra import FRAME, HOP, RATE, log_mel

LIPS_SIDE = 48
"""The middle of the mouth's picture."""
LIPS_CONTEXT = 4
"""Pictures that are needed on either side of a place."""
BANDS = 40
MEL_A_PLACE = round(RATE / HOP / PLACES)
SOUND_BEFORE = 2
"""Places of sound that are needed before, and three after: 20 mel frames with the place itself."""
SOUND_AFTER = 3
MEL_CONTEXT = 16

Floats = NDArray[np.float32]


def middle(mouths: NDArray[np.uint8]) -> NDArray[np.uint8]:
    edge = (SIDE - LIPS_SIDE) // 2
    return mouths[:, edge : edge + LIPS_SIDE, edge : edge + LIPS_SIDE]


def lips(mouths: NDArray[np.uint8]) -> Floats:
    """Count x 48 x 48: light and contrast of the whole stretch taken out."""
    grey = mouths.astype(np.float32)
    spread = float(grey.std()) + 8.0
    return np.clip((grey - grey.mean()) / spread, -3.0, 3.0).astype(np.float32)


def sound_places(samples: NDArray[Any], start: float, first: int, last: int) -> tuple[int, int]:
    """Which of the places `first` to `last` (not included) have all the sound they need."""
    length = len(samples) / RATE
    low = int(np.ceil((0.0 - start) * PLACES - 1e-6)) + SOUND_BEFORE
    # the last mel frame of a place ends a little after the place's own three
    high = int(np.floor((length - start - FRAME / RATE) * PLACES + 1e-6)) - SOUND_AFTER
    return max(first, low), max(min(last, high + 1), max(first, low))


def sound(samples: NDArray[Any], start: float, first: int, last: int) -> Floats:
    """(4 a place + 16) x 40 log-mel values of the places `first` to `last` (not included), with
    each band's mean taken out."""
    return without_channel(logs(samples, start, first, last))


def logs(samples: NDArray[Any], start: float, first: int, last: int) -> Floats:
    frames = MEL_A_PLACE * (last - first) + MEL_CONTEXT
    begin = round((start + (first - SOUND_BEFORE) / PLACES) * RATE)
    wave = samples[max(begin, 0) : begin + (frames - 1) * HOP + FRAME]
    return log_mel(wave, BANDS)[:frames]


def without_channel(logs: Floats) -> Floats:
    return ((logs - logs.mean(axis=0, keepdims=True, dtype=np.float64)) / 2.5).astype(np.float32)
