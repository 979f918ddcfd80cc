"""Was this picture a JPEG before it was saved as it is now?

A coefficient that was rounded to multiples of one step and then to multiples of another leaves
gaps and pile-ups in the histogram of its values. What the histogram would be without the first
rounding is estimated from the same picture, cut four pixels further ("calibration": the earlier
grid is broken there). Each quality that the earlier save may have had predicts a histogram; the
gain in log-likelihood of the best over "no earlier save" is the score, in nats a coefficient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.engine.detectors.compression.blocks import Floats, coefficients
from ml.engine.detectors.compression.quantisation import LUMINANCE, Table, scaled

MODES = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1), (0, 3), (3, 0))
QUALITIES = range(30, 100)
REACH = 24
"""Values beyond this many steps are counted in the last bin."""
ROUNDING = 0.35
"""Spread of a coefficient after its pixels were rounded to whole numbers between two saves."""
FEWEST_BLOCKS = 200
SMOOTHING = 0.5


@dataclass(frozen=True, slots=True)
class Earlier:
    """The best explanation by an earlier save."""

    score: float
    """Gain in nats a coefficient; near 0 without an earlier save of another quality."""
    quality: int
    blocks: int
    mode: tuple[int, int]
    """The coefficient that shows it best, and its histograms."""
    observed: tuple[int, ...]
    single: tuple[float, ...]
    double: tuple[float, ...]


def table(values: Sequence[int]) -> Table:
    return np.asarray(values, np.int64).reshape(64)


def earlier_save(
    light: Floats, present: Table | None, *, left: int = 0, top: int = 0
) -> Earlier | None:
    """`present` is the luminance table of the file; None for a picture that is not a JPEG now.

    None when there are too few useful blocks to say anything."""
    blocks = coefficients(light, left, top)
    moved = coefficients(light, left + 4, top + 4)
    if len(blocks) < FEWEST_BLOCKS or len(moved) < FEWEST_BLOCKS:
        return None
    steps = np.ones((8, 8)) if present is None else present.reshape(8, 8).astype(float)
    noise = np.random.default_rng(0).normal(0.0, ROUNDING, len(moved)).astype(np.float32)
    firsts = {q: scaled(LUMINANCE, q).reshape(8, 8).tolist() for q in QUALITIES}
    gains = np.zeros(len(QUALITIES))
    details: list[tuple[NDArray[np.int64], NDArray[np.float64], list[NDArray[np.float64]]]] = []
    for row, column in MODES:
        step = float(steps[row, column])
        unrounded = np.ascontiguousarray(moved[:, row, column])  # read once for every quality
        observed = _histogram(blocks[:, row, column], step)
        single = _shares(unrounded, step)
        predicted: dict[int, NDArray[np.float64]] = {}
        doubles = []
        for quality in QUALITIES:
            first = firsts[quality][row][column]
            if first not in predicted:
                once = np.asarray(np.round(unrounded / first) * first + noise, np.float32)
                predicted[first] = single if first == step else _shares(once, step)
            doubles.append(predicted[first])
        gains += [float(observed @ (np.log(double) - np.log(single))) for double in doubles]
        details.append((observed, single, doubles))
    best = int(np.argmax(gains))
    clearest = max(
        range(len(MODES)),
        key=lambda m: float(details[m][0] @ np.log(details[m][2][best] / details[m][1])),
    )
    counts, single, doubles = details[clearest]
    return Earlier(
        score=float(gains[best]) / (len(blocks) * len(MODES)),
        quality=QUALITIES[best],
        blocks=len(blocks),
        mode=MODES[clearest],
        observed=tuple(int(n) for n in counts),
        single=tuple(round(float(p), 5) for p in single),
        double=tuple(round(float(p), 5) for p in doubles[best]),
    )


def _histogram(values: Floats, step: float) -> NDArray[np.int64]:
    whole = np.clip(np.round(values / step), -REACH, REACH).astype(np.int64) + REACH
    return np.bincount(whole, minlength=2 * REACH + 1)


def _shares(values: Floats, step: float) -> NDArray[np.float64]:
    counts = _histogram(values, step) + SMOOTHING
    return np.asarray(counts / counts.sum(), np.float64)
