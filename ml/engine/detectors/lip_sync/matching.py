"""Finds the offset between mouths and sound from their similarities, and how clear it is.

A positive offset means that the fitting sound comes that many steps (25ths of a second) after the
lips. The score is not the similarity itself but how much higher it is at the best offset than at
the others: a blurred mouth and a muffled sound are similar at every offset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REACH = 15
"""Offsets that are tried, to either side: 0.6 s."""
OFFSETS = np.arange(-REACH, REACH + 1)
LEAST_SHARE = 0.4
"""An offset counts when at least this share of the mouths has a sound at it."""
NEIGHBOURS = (0.25, 0.5, 0.25)
"""How much an offset and its neighbours are supported."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Similarity:
    """The similarities in one segment: mouths (rows) against sounds (columns), by position."""

    start: float
    lips_first: int
    sound_first: int
    pairs: NDArray[np.float32]

    def curve(self, counts: NDArray[np.bool_] | None = None) -> Curve:
        """Summed over the mouths that count, by offset."""
        rows = np.arange(len(self.pairs))
        chosen = rows if counts is None else rows[counts]
        columns = chosen[:, None] + self.lips_first - self.sound_first + OFFSETS
        inside = (columns >= 0) & (columns < self.pairs.shape[1])
        values = self.pairs[chosen[:, None], np.clip(columns, 0, self.pairs.shape[1] - 1)]
        return Curve(
            np.where(inside, values, 0.0).sum(axis=0, dtype=np.float64), inside.sum(axis=0)
        )


@dataclass(frozen=True)
class Curve:
    """Likeness by offset: sums, and how many mouths are in each."""

    sums: Floats
    mouths: NDArray[np.int64]

    def __add__(self, other: Curve) -> Curve:
        return Curve(self.sums + other.sums, self.mouths + other.mouths)

    @property
    def usable(self) -> NDArray[np.bool_]:
        most = int(self.mouths.max(initial=0))
        return (self.mouths > 0) & (self.mouths >= LEAST_SHARE * most)

    @property
    def means(self) -> Floats:
        return np.where(self.usable, self.sums / np.maximum(self.mouths, 1), np.nan)

    def best(self) -> int:
        """The offset with most support: the similarity above the usual, summed over its mouths. A
        mouth without sound there contributes nothing; a mean over few is often highest by chance.
        The right offset is seldom exactly at a position, so its neighbours count too."""
        usable, means = self.usable, self.means
        gained = np.where(usable, (means - np.nanmedian(means)) * self.mouths, 0.0)
        around = np.convolve(gained, NEIGHBOURS, "same")
        return int(OFFSETS[int(np.argmax(np.where(usable, around, -np.inf)))])

    def prominence(self, offset: int | None = None) -> float:
        """How much more similar lips and sound are at this offset (by default the best) than
        usual."""
        means = self.means
        there = means[REACH + (self.best() if offset is None else offset)]
        return float(there - np.nanmedian(means))


def pooled(curves: Sequence[Curve]) -> Curve:
    total = curves[0]
    for curve in curves[1:]:
        total = total + curve
    return total
