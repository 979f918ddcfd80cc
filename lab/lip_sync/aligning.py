"""Corrects the offset between sound and lips in a speaker's recordings. Studios and muxing shift
the sound by a frame or two, differently for each programme; a network trained on it without
correction learns a blurred moment.

First networks, each without a third of the speakers, tell for each speaker whom they never met by
how much the sound of all clips together is off. From then on it is learnt from in its place. What
is calibrated on and tested on stays as it was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lab.common import short
from lab.common.speakers import FOLDS, without_fold
from lab.lip_sync import folds, loop
from lab.lip_sync.data import Talk
from ml.engine.detectors.lip_sync.matching import OFFSETS, REACH, Curve, pooled

FEWEST = 4
"""Clips of a speaker that tell an offset together; of fewer the sound stays where it is."""
FIRST_STEPS = 1000
"""An offset of many clips together needs no longer training."""
FARTHEST = 5.0
"""Places beyond which it is a mistake and no habit of a studio."""

Watch = Callable[[str], short.Watch]


def offsets(
    talks: Sequence[Talk], runs: Path, recipe: loop.Recipe, watch: Watch
) -> dict[str, float]:
    """By speaker, the places by which the sound comes after the lips."""
    found: dict[str, float] = {}
    first = replace(recipe, steps=min(recipe.steps, FIRST_STEPS), aligned=False)
    for number in range(FOLDS):
        own, others = without_fold(talks, number)
        network = folds.network_of(
            runs / f"first{number}", others, first, watch(f"first, without fold {number}")
        )
        seen = folds.embedded(network, own)
        for speaker in sorted({talk.clip.speaker for talk in own}):
            curves = [
                one.similarity().curve()
                for talk, one in zip(own, seen, strict=True)
                if talk.clip.speaker == speaker
            ]
            place = between(pooled(curves))
            if len(curves) >= FEWEST and abs(place) <= FARTHEST:
                found[speaker] = round(place, 2)
    return found


def between(curve: Curve) -> float:
    """The best offset to a part of a place, by a parabola through it and its neighbours."""
    best = curve.best()
    middle = REACH + best
    around = curve.means[max(middle - 1, 0) : middle + 2]
    if len(around) < 3 or middle in (0, len(OFFSETS) - 1) or not np.isfinite(around).all():
        return float(best)
    low, high, upper = around
    bend = low - 2 * high + upper
    return (
        float(best) if bend >= 0 else best + float(np.clip(0.5 * (low - upper) / bend, -0.5, 0.5))
    )
