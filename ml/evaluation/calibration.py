"""From raw scores to evidence: a line fitted on held-out scores, and how far it may be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Platt:
    """log10 LR = (slope * score + offset), kept within what the calibration set can carry."""

    slope: float
    offset: float
    cap: float
    reals: int
    fakes: int

    def log10_lr(self, scores: ArrayLike) -> NDArray[np.float64]:
        return np.clip(
            np.asarray(scores, np.float64) * self.slope + self.offset, -self.cap, self.cap
        )


def lr_cap(items: int) -> float:
    """log10 of the largest ratio that `items` of the other class without one error could support
    (one-sided 95 %: with none seen in n, the rate may still be 1 - 0.05^(1/n))."""
    if items < 1:
        return 0.0
    return float(-np.log10(1.0 - 0.05 ** (1.0 / items)))


def fit_platt(labels: ArrayLike, scores: ArrayLike) -> Platt:
    """Logistic regression of the label on the score by Newton's method, both classes weighing the
    same, so that what comes out is a likelihood ratio and not the set's own share of fakes."""
    fake = np.asarray(labels).astype(bool)
    values = np.asarray(scores, np.float64)
    fakes, reals = int(fake.sum()), int((~fake).sum())
    if min(fakes, reals) < 10:
        raise ValueError("Calibration needs ten items of each class at the very least.")
    # Platt's targets keep the line finite even where the classes do not overlap.
    target = np.where(fake, (fakes + 1) / (fakes + 2), 1 / (reals + 2))
    weight = np.where(fake, 0.5 / fakes, 0.5 / reals)
    middle, spread = values.mean(), values.std() or 1.0
    design = np.stack([(values - middle) / spread, np.ones_like(values)], axis=1)
    beta = np.zeros(2)
    for _ in range(100):
        predicted = 1.0 / (1.0 + np.exp(-np.clip(design @ beta, -50, 50)))
        slope = design.T @ (weight * (predicted - target))
        curve = (
            design * (weight * predicted * (1 - predicted))[:, None]
        ).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        beta -= step
        if np.abs(step).max() < 1e-9:
            break
    else:
        raise ValueError("The calibration did not settle.")
    slope_, offset = beta[0] / spread, beta[1] - beta[0] * middle / spread
    return Platt(
        slope=float(slope_ / np.log(10)),
        offset=float(offset / np.log(10)),
        cap=min(lr_cap(fakes), lr_cap(reals)),
        reals=reals,
        fakes=fakes,
    )
