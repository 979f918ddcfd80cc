"""Selects the faces that count, and combines the scores of their windows."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.engine.detectors.temporal import inputs
from ml.engine.detectors.temporal.network import Network
from ml.engine.media.motion import FaceStretch, signals

MOST_FACES = 2
"""Those in view longest are judged: each further face is a further chance of a false alarm."""
MOMENT = 1.2
"""Seconds of a moment on the timeline: what the calibration was made of."""


@dataclass(frozen=True, slots=True)
class Moment:
    start: float
    end: float
    score: float


@dataclass(frozen=True, slots=True)
class FaceMotion:
    """One face: the mean of its windows, and its moments."""

    track: int
    seconds: float
    score: float
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class ScoredFaces:
    faces: tuple[FaceMotion, ...]
    uneven: int
    """Stretches whose frames come too unevenly."""


def score_faces(network: Network, stretches: Sequence[FaceStretch]) -> ScoredFaces:
    scored: dict[int, list[Moment]] = defaultdict(list)
    seconds: dict[int, float] = defaultdict(float)
    uneven = 0
    for stretch in stretches:
        motion = signals(stretch)
        windows = inputs.windows(motion)
        if not windows:
            uneven += len(motion.steps) >= inputs.STEPS
            continue
        logits = network(windows)
        scored[stretch.track] += [
            Moment(w.start, w.end, float(logit)) for w, logit in zip(windows, logits, strict=True)
        ]
        seconds[stretch.track] += windows[-1].end - windows[0].start
    longest = sorted(scored, key=lambda track: (-seconds[track], track))[:MOST_FACES]
    return ScoredFaces(
        faces=tuple(
            FaceMotion(
                track,
                seconds[track],
                float(np.mean([m.score for m in scored[track]])),
                _moments(scored[track]),
            )
            for track in sorted(longest)
        ),
        uneven=uneven,
    )


def _moments(windows: Sequence[Moment]) -> tuple[Moment, ...]:
    """Windows overlap. Those that begin within one moment are reported together."""
    found = []
    for _, group in itertools.groupby(windows, key=lambda w: int(w.start // MOMENT)):
        own = list(group)
        mean = float(np.mean([w.score for w in own]))
        # The next moment begins where its first window does.
        end = min(own[-1].end, (own[0].start // MOMENT + 1) * MOMENT)
        found.append(Moment(own[0].start, max(end, own[0].start + 0.1), mean))
    return tuple(found)
