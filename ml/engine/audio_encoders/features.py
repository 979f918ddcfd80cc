"""The features of a sound's windows. Each window is encoded once, however many detectors use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.audio_encoders import speech
from ml.engine.audio_encoders.whisper import Array, served

STEP = 2 * speech.HOP
"""Samples between two feature vectors."""

Part = tuple[int, int]
"""First sample, and the one after the last."""


class EncodedParts:
    """Encode parts of a 16 kHz mono sound up to one layer. Overlapping parts are encoded once,
    because several faces in view need the sound of the same time."""

    def __init__(self, samples: NDArray[Any], parts: Iterable[Part], layer: int) -> None:
        self.samples, self.layer = samples, layer
        self.parts = joined(parts)
        self._encoded: dict[Part, Array] = {}

    def rows(self, places: NDArray[np.floating]) -> Array:
        """At places of the sound, counted in samples, that all lie within one part: between two of
        the encoder's moments the line between them."""
        part = next(p for p in self.parts if p[0] <= places[0] < p[1])
        moments = self._moments(part)
        at = np.clip((places - part[0]) / STEP, 0, len(moments) - 1)
        before = np.minimum(at.astype(int), max(len(moments) - 2, 0))
        after = np.minimum(before + 1, len(moments) - 1)
        share = (at - before).astype(np.float32)[:, None]
        return np.asarray((1 - share) * moments[before] + share * moments[after])

    def _moments(self, part: Part) -> Array:
        if part not in self._encoded:
            wave = self.samples[part[0] : part[1]]
            self._encoded[part] = served(self.layer).encode(wave)[self.layer]
        return self._encoded[part]


def joined(parts: Iterable[Part]) -> list[Part]:
    """Those that overlap as one, in order."""
    found: list[Part] = []
    for begin, end in sorted(parts):
        if found and begin < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found
