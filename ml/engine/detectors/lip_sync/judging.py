"""Selects the stretches that count, and combines their results."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.detectors.lip_sync.inputs import LIPS_CONTEXT, PLACES
from ml.engine.detectors.lip_sync.matching import Curve, Similarity, pooled
from ml.engine.detectors.lip_sync.network import Network, encode_once
from ml.engine.media.lips import Stretch

NEEDED = 5.0
"""Seconds of speech with the lips in view; what less says was measured to be too little."""
A_MOMENT = 0.3
"""Seconds. Shorter speech in view occurs only at cuts, whose time is imprecise."""
WINDOW = 30
"""Mouths of a moment on the timeline: 1.2 s."""
FEWEST = 12
"""Speaking mouths that a moment needs."""

Segments = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class StretchMatch:
    """One face's segment: the similarity at every position, and where there is speech."""

    stretch: Stretch
    similarity: Similarity
    speaking: NDArray[np.bool_]

    @property
    def curve(self) -> Curve:
        return self.similarity.curve(self.speaking)

    @property
    def seconds(self) -> float:
        """Seconds of speech with these lips in view."""
        return float(self.speaking.sum()) / PLACES


@dataclass(frozen=True)
class Moment:
    start: float
    end: float
    score: float
    """The negative of how much more similar lips and sound are at the file's offset than elsewhere:
    higher means a worse fit."""
    offset: int
    """The offset that would fit this moment best."""


@dataclass(frozen=True)
class SyncScore:
    """All that was compared, together."""

    curve: Curve
    moments: tuple[Moment, ...]
    seconds: float
    faces: int

    @property
    def score(self) -> float:
        return -self.curve.prominence()

    @property
    def offset(self) -> int:
        return self.curve.best()


def match_stretches(
    network: Network, stretches: Sequence[Stretch], samples: NDArray[Any], speech: Segments
) -> list[StretchMatch]:
    found = []
    encoded = encode_once(stretches, samples)
    for stretch in stretches:
        places = np.arange(LIPS_CONTEXT, len(stretch.mouths) - LIPS_CONTEXT)
        speaking = spoken(stretch.start + (places + 0.5) / PLACES, speech)
        if not speaking.any():
            continue  # judged before the encoder and the networks run, which cost most
        embedded = network.embedded(stretch, samples, encoded)
        if embedded is not None:
            found.append(StretchMatch(stretch, embedded.similarity(), speaking))
    return found


def spoken(times: NDArray[np.floating[Any]], speech: Segments) -> NDArray[np.bool_]:
    inside = np.zeros(len(times), bool)
    for start, end in speech:
        inside |= (times >= start) & (times < end)
    return inside


def who_speaks(matches: Sequence[StretchMatch]) -> list[StretchMatch]:
    """If several faces are in view, the one that fits the sound best: the others are silent, and
    silent lips are no sign of anything."""
    left = sorted(matches, key=lambda w: (-w.curve.prominence(), w.stretch.start))
    chosen: list[StretchMatch] = []
    for one in left:
        if not any(_at_once(one.stretch, other.stretch) for other in chosen):
            chosen.append(one)
    return sorted(chosen, key=lambda w: w.stretch.start)


def _at_once(one: Stretch, other: Stretch) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return shared > 0.5 * min(one.seconds, other.seconds)


def score_sync(chosen: Sequence[StretchMatch]) -> SyncScore:
    curve = pooled([one.curve for one in chosen])
    offset = curve.best()
    return SyncScore(
        curve=curve,
        moments=tuple(moment for one in chosen for moment in _moments(one, offset)),
        seconds=sum(one.seconds for one in chosen),
        faces=len({one.stretch.track for one in chosen}),
    )


def _moments(one: StretchMatch, offset: int) -> list[Moment]:
    count = len(one.similarity.pairs)
    pieces = max(round(count / WINDOW), 1)
    edges = np.linspace(0, count, pieces + 1).round().astype(int)
    found = []
    for first, last in itertools.pairwise(edges):
        here = np.zeros(count, bool)
        here[first:last] = one.speaking[first:last]
        if here.sum() < FEWEST:
            continue
        curve = one.similarity.curve(here)
        if not np.isfinite(curve.means[len(curve.means) // 2 + offset]):
            continue
        start = one.stretch.start + (LIPS_CONTEXT + int(first)) / PLACES
        found.append(
            Moment(
                start=start,
                end=start + (int(last) - int(first)) / PLACES,
                score=-curve.prominence(offset),
                offset=curve.best(),
            )
        )
    return found
