"""Prepares the network's input, in training and in serving: a window of differences between
successive frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.engine.media.motion import CHANNELS, REGIONS, Signals

STEPS = 12
"""The steps of a window: half a second at 25 frames per second, a whole one at 12.5."""
STRIDE = 3
LONGEST_STEP = 0.17
"""Seconds. Longer freezes were not in training."""
UNEVEN = 2.6
"""Longest over shortest step of a window: frames that a converter repeats give 2."""
USUAL_STEP = 0.04
SHAPE = (STEPS, len(REGIONS), len(CHANNELS) + 1)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Window:
    start: float
    end: float
    values: Floats
    """SHAPE: the signals, and how long each step is."""


def even(steps: NDArray[np.float64]) -> bool:
    return bool(steps.max() <= LONGEST_STEP and steps.max() <= UNEVEN * steps.min())


def windows(signals: Signals) -> list[Window]:
    """All whose frames come evenly enough; none where the stretch is too short."""
    found = []
    for first in range(0, len(signals.steps) - STEPS + 1, STRIDE):
        here = slice(first, first + STEPS)
        steps = signals.steps[here]
        if even(steps):
            start = float(signals.times[first] - steps[0])
            end = float(signals.times[first + STEPS - 1])
            found.append(Window(start, end, with_steps(signals.values[here], steps)))
    return found


def with_steps(values: Floats, steps: NDArray[np.float64]) -> Floats:
    pace = np.log2(steps / USUAL_STEP).astype(np.float32)
    wide = np.broadcast_to(pace[:, None, None], (*values.shape[:2], 1))
    return np.concatenate([values, wide], axis=2).astype(np.float32)
