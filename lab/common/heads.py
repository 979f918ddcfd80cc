"""Shared code of linear heads on an encoder's features: sample weights, fit and bound."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ml.engine.image_encoders.heads import Head

Floats = NDArray[np.float64]
Features = NDArray[np.float32]
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


def bound(
    row: Names, scores: Floats, alpha: float, *, fewest: int = 1, most: float = MOST_OF_A_ROW
) -> float:
    """Of genuine samples: the score that `alpha` of them reach when every row counts alike, or a
    higher one where more than `most` of any row of `fewest` would reach it."""
    sizes = dict(zip(*np.unique(row, return_counts=True), strict=True))
    weights = np.array([1 / sizes[name] / len(sizes) for name in row])
    order = np.argsort(-scores)
    place = int(np.searchsorted(np.cumsum(weights[order]), alpha))
    at = [float(scores[order][min(place, len(order) - 1)])]
    for name, size in sizes.items():
        if size >= fewest:
            highest = np.sort(scores[row == name])[::-1]
            at.append(float(np.nextafter(highest[int(most * size)], np.inf)))
    return max(at)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How strongly a head is fitted."""

    strength: float
    shrinkage: float
    """Of the genuine features' covariance, as a share of its mean variance."""


RECIPE = Recipe(strength=0.01, shrinkage=0.05)
"""Of every served head."""


def fitted(x: Features, fake: NDArray[np.bool_], weights: Floats, recipe: Recipe) -> Head:
    """The mean of two regressions. One uses the features as they are, the other features in which
    genuine samples vary alike in every direction. The first knows the generators of the training
    data better, the second unknown ones."""
    genuine = x[~fake]
    straight = np.eye(x.shape[1], dtype=np.float32)
    parts = [
        regressed(x, fake, weights, recipe.strength, to)
        for to in (straight, whitening(genuine, recipe.shrinkage))
    ]
    weight, bias = (np.mean(part, 0) for part in zip(*parts, strict=True))
    return Head(weight.astype(np.float32), float(bias))


def scores(head: Head, features: Features) -> Floats:
    """One logit for each line."""
    found: Floats = features.astype(np.float64) @ head.weight + head.bias
    return found


def save(head: Head, file: Path) -> None:
    """As `ml.engine.image_encoders.heads` reads it."""
    np.savez(file, weight=head.weight, bias=np.float32(head.bias))


def whitening(genuine: Features, shrinkage: float) -> Features:
    """The matrix after which genuine samples have the same spread in every direction."""
    apart = genuine - genuine.mean(0)
    _, spread, directions = np.linalg.svd(apart, full_matrices=False)
    variance = spread**2 / len(genuine)
    matrix: Features = directions.T / np.sqrt(variance + shrinkage * variance.mean())
    return matrix


def regressed(
    x: Features, fake: NDArray[np.bool_], weights: Floats, strength: float, to: Features
) -> tuple[Features, float]:
    """A regression on `x @ to`: its weight and bias for `x`, in units of its spread on genuine
    samples."""
    middle = x[~fake].mean(0)
    model = LogisticRegression(C=strength, max_iter=3000)
    model.fit((x - middle) @ to, fake, sample_weight=weights)
    weight = to @ model.coef_[0]
    bias = float(model.intercept_[0] - middle @ weight)
    spread = float(np.std(x[~fake] @ weight))
    return weight / spread, bias / spread
