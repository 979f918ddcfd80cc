"""Measures the grid of 8 x 8 blocks. A JPEG has block edges at multiples of eight. Edges elsewhere
are the remains of an earlier JPEG that was cropped or shifted before it was saved again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.engine.detectors.compression.blocks import Floats

STRONGEST_STEP = 12.0
"""A step across an edge larger than this is the picture's own, and is counted as this much."""
SMALLEST_SIDE = 64


@dataclass(frozen=True, slots=True)
class Grid:
    """How strongly block edges stand out at each of the eight phases, in standard errors."""

    columns: tuple[float, ...]
    rows: tuple[float, ...]

    def strength(self, left: int, top: int) -> float:
        """The strength of the grid that starts at (left, top): the weaker of its two directions."""
        return min(self.columns[left % 8], self.rows[top % 8])

    def strongest(self, *, besides_origin: bool = False) -> tuple[int, int, float]:
        """(left, top, strength) of the grid that stands out most."""
        places = [
            (left, top, self.strength(left, top))
            for top in range(8)
            for left in range(8)
            if not (besides_origin and (left == 0 or top == 0))
        ]
        return max(places, key=lambda place: place[2])


def grid(light: Floats) -> Grid | None:
    if min(light.shape) < SMALLEST_SIDE:
        return None
    return Grid(_phases(light), _phases(np.ascontiguousarray(light.T)))


def _phases(light: Floats) -> tuple[float, ...]:
    steps = np.abs(np.diff(light, axis=1))
    here, before, after = steps[:, 1:-1], steps[:, :-2], steps[:, 2:]
    edge = np.clip(here - (before + after) / 2, -STRONGEST_STEP, STRONGEST_STEP).mean(axis=0)
    first = 2  # edge[i] is the step between columns i + 1 and i + 2
    where = (np.arange(edge.size) + first) % 8
    return tuple(_stands_out(edge, where == phase) for phase in range(8))


def _stands_out(edge: NDArray[np.float32], chosen: NDArray[np.bool_]) -> float:
    ours, rest = edge[chosen], edge[~chosen]
    spread = np.sqrt(ours.var() / ours.size + rest.var() / rest.size) + 1e-6
    # The middle value of the rest, because another grid may be among them.
    return float((ours.mean() - np.median(rest)) / spread)
