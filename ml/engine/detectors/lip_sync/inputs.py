"""Prepares the input of both networks, in training and in serving.

Time is counted in steps of a 25th of a second from the first mouth of a stretch. The embedding of a
mouth uses nine pictures around its step. The embedding of a sound uses a fifth of a second around
it: the log-mel spectrogram, which tells the moment, and the features of the speech encoder, which
tell what is spoken. Everything is normalised over the stretch, so that light, loudness and the
microphone do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.audio_encoders.features import EncodedParts, Part
from ml.engine.media.lips import RATE as LIPS_RATE
from ml.engine.media.lips import SIDE
from ml.engine.media.spectra import FRAME, HOP, RATE, log_mel

PLACES = LIPS_RATE
"""A second."""
LIPS_SIDE = 48
"""The middle of the mouth's picture."""
LIPS_CONTEXT = 4
"""Pictures that are needed on either side of a place."""
BANDS = 40
ENCODER_LAYER, ENCODER_SIZE = 3, 512
"""The layer of the encoder, and its number of features."""
SOUND_FEATURES = BANDS + ENCODER_SIZE
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
    evened: Floats = np.clip((grey - grey.mean()) / spread, -3.0, 3.0).astype(np.float32)
    return evened


def sound_places(samples: NDArray[Any], start: float, first: int, last: int) -> tuple[int, int]:
    """Which of the places `first` to `last` (not included) have all the sound they need."""
    length = len(samples) / RATE
    low = int(np.ceil((0.0 - start) * PLACES - 1e-6)) + SOUND_BEFORE
    # the last mel frame of a place ends a little after the place's own three
    high = int(np.floor((length - start - FRAME / RATE) * PLACES + 1e-6)) - SOUND_AFTER
    return max(first, low), max(min(last, high + 1), max(first, low))


def sound(
    samples: NDArray[Any], start: float, first: int, last: int, encoded: EncodedParts | None = None
) -> Floats:
    """(4 a place + 16) x (40 log-mel values and 512 of the audio encoder) of the places `first` to
    `last` (not included), with the mean of each taken out. `encoded` has the features of more than
    this part, where they are known already."""
    return without_channel(sound_features(samples, start, first, last, encoded))


def sound_features(
    samples: NDArray[Any], start: float, first: int, last: int, encoded: EncodedParts | None = None
) -> Floats:
    begin, end = part = part_of(start, first, last)
    mel = log_mel(samples[begin:end], BANDS)[: _frames(first, last)]
    encoded = encoded or encode_parts(samples, [part])
    by_encoder = encoded.rows(begin + np.arange(len(mel)) * HOP + FRAME / 2)
    return np.concatenate([mel, by_encoder], axis=1, dtype=np.float32)


def encode_parts(samples: NDArray[Any], parts: Iterable[Part]) -> EncodedParts:
    return EncodedParts(samples, parts, ENCODER_LAYER)


def part_of(start: float, first: int, last: int) -> Part:
    """The sound that these places need."""
    begin = round((start + (first - SOUND_BEFORE) / PLACES) * RATE)
    return max(begin, 0), begin + (_frames(first, last) - 1) * HOP + FRAME


def _frames(first: int, last: int) -> int:
    return MEL_A_PLACE * (last - first) + MEL_CONTEXT


def without_channel(rows: Floats) -> Floats:
    middle: NDArray[np.float64] = rows - rows.mean(axis=0, keepdims=True, dtype=np.float64)
    middle[:, :BANDS] /= 2.5
    return middle.astype(np.float32)
