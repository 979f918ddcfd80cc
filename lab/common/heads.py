"""Shared code of linear heads on an image encoder's features: sample weights and the bound."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Names = NDArray[np.str_]
MOST_OF_A_ROW = 0.05
"""No source and no hard row of genuine samples has more above the bound."""


def sample_weights(row: Names, fake: NDArray[np.bool_], double: Collection[str] = ()) -> Floats:
    """Each row has equal weight within its class, those of `double` twice, and both classes have
    equal weight."""
    weights = np.zeros(len(fake))
    for kind in (False, True):
        for name in np.unique(row[fake == kind]):
            here = (row == name) & (fake == kind)
            weights[here] = (2 if name in double else 1) / here.sum()
        weights[fake == kind] *= len(fake) / 2 / weights[fake == kind].sum()
    return weights


def bound(row: Names, scores: Floats, alpha: float, fewest: int = 1) -> float:
    """Of genuine samples: the score that `alpha` of them reach when every row counts alike, or a
    higher one where more than MOST_OF_A_ROW of any row of `fewest` would reach it."""
    sizes = dict(zip(*np.unique(row, return_counts=True), strict=True))
    weights = np.array([1 / sizes[name] / len(sizes) for name in row])
    order = np.argsort(-scores)
    place = int(np.searchsorted(np.cumsum(weights[order]), alpha))
    at = [float(scores[order][min(place, len(order) - 1)])]
    for name, size in sizes.items():
        if size >= fewest:
            highest = np.sort(scores[row == name])[::-1]
            at.append(float(np.nextafter(highest[int(MOST_OF_A_ROW * size)], np.inf)))
    return max(at)
