"""Runs the two networks: mouths and sound, each to one embedding a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.audio_encoders import whisper
from ml.engine.audio_encoders.features import EncodedParts
from ml.engine.detectors.lip_sync import inputs
from ml.engine.detectors.lip_sync.matching import REACH, Similarity
from ml.engine.media.lips import Stretch
from ml.engine.serving import Served

FOLDER = Path(__file__).parent
LIPS_PLACES = 24
"""Embeddings that one run of the lips' network gives."""
SOUND_PLACES = 48

Floats = NDArray[np.float32]
Piece = Callable[[Floats], Mapping[int, Floats]]


@dataclass(frozen=True)
class Embedded:
    """A stretch as the networks see it: a row a place."""

    start: float
    sound_first: int
    lips: Floats
    sound: Floats

    def similarity(self, sound_of: Embedded | None = None) -> Similarity:
        """The similarities of its mouths with its own sound, or with that of another segment."""
        other = sound_of or self
        pairs = self.lips @ other.sound.T
        return Similarity(self.start, inputs.LIPS_CONTEXT, other.sound_first, pairs)


def compared_with(stretch: Stretch, samples: NDArray[Any]) -> tuple[int, int] | None:
    """The positions of sound, the last excluded, with which a segment's mouths are compared."""
    count = len(stretch.mouths) - 2 * inputs.LIPS_CONTEXT
    first, last = inputs.sound_places(
        samples, stretch.start, inputs.LIPS_CONTEXT - REACH, inputs.LIPS_CONTEXT + count + REACH
    )
    return (first, last) if count >= 1 and last > first else None


def encode_once(stretches: Sequence[Stretch], samples: NDArray[Any]) -> EncodedParts:
    """To all the sound that these stretches need, the same for faces that are in view together."""
    needed = [(stretch, compared_with(stretch, samples)) for stretch in stretches]
    parts = [inputs.part_of(stretch.start, *places) for stretch, places in needed if places]
    return inputs.encode_parts(samples, parts)


class Network:
    """The two networks, served or (in training) not; `pieces` of a fixed length go in."""

    def __init__(self, lips: Piece, sound: Piece) -> None:
        self._lips, self._sound = lips, sound

    def embedded(
        self, stretch: Stretch, samples: NDArray[Any], encoded: EncodedParts | None = None
    ) -> Embedded | None:
        """None where the stretch is too short or has no sound."""
        places = compared_with(stretch, samples)
        if places is None:
            return None
        first, last = places
        mouths = inputs.lips(inputs.middle(stretch.mouths))
        features = inputs.sound(samples, stretch.start, first, last, encoded)
        return Embedded(stretch.start, first, self.of_lips(mouths), self.of_sound(features))

    def of_lips(self, mouths: Floats) -> Floats:
        return _in_pieces(self._lips, mouths, LIPS_PLACES, 1, 2 * inputs.LIPS_CONTEXT)

    def of_sound(self, features: Floats) -> Floats:
        return _in_pieces(
            self._sound, features, SOUND_PLACES, inputs.MEL_A_PLACE, inputs.MEL_CONTEXT
        )


def _in_pieces(network: Piece, whole: Floats, places: int, step: int, context: int) -> Floats:
    """The network takes a fixed number of places; the last piece is filled with its last row."""
    count = (len(whole) - context) // step
    found = []
    for first in range(0, count, places):
        piece = whole[first * step : (first + places) * step + context]
        missing = places * step + context - len(piece)
        if missing:
            piece = np.concatenate([piece, np.repeat(piece[-1:], missing, axis=0)])
        (embedded,) = network(piece).values()
        found.append(embedded.reshape(places, -1)[: count - first])
    return np.concatenate(found)


class ServedNetwork(Network):
    """Loaded once a process, after it has forked."""

    def __init__(self, folder: Path = FOLDER) -> None:
        lips, sound = Served(folder, "weights"), Served(folder, "weights_of_sound")
        super().__init__(lips, sound)
        self.card = lips.card
        whisper.served(
            inputs.ENCODER_LAYER
        )  # a missing encoder is reported when the check is made, not later
        self.sha256, self.sha256_of_sound = lips.sha256, sound.sha256
