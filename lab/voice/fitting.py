"""Fits a classifier on the features of one layer of an encoder.

The features are standardised. The few directions in which real speakers and rooms differ most are
removed, because they show a source and not a machine. Two classifiers share the rest. A support
vector machine with a radial basis is fitted on the main directions: it knows the machines of the
training data better. A regression is fitted on features in which genuine speech varies alike in
every direction: it takes genuine speech through unknown channels for a machine less often.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC
from sklearn.utils.extmath import randomized_svd

from lab.common import heads
from ml.engine.detectors.voice_spoof.listeners import Floats, Listener, gaussian_kernel, standard

SPEAKERS, KEPT, SOFTNESS = 5, 200, 1.0
"""Directions taken out, directions kept, and the C of the support vector machine."""
REGRESSION = heads.Recipe(strength=0.001, shrinkage=0.05)
SHARE = 0.3
"""Of the regression, when both answers have the same spread on genuine speech."""


def fitted(features: Floats, fake: NDArray[np.bool_], speakers: Sequence[str | None]) -> Listener:
    """`speakers` names who speaks in each line that may show how real speakers differ."""
    features = np.asarray(features, np.float32)
    mean, spread = features.mean(axis=0), features.std(axis=0) + np.float32(1e-6)
    standardised: NDArray[Any] = standard(features, mean, spread)
    apart = _between(standardised, speakers)
    standardised = standardised - (standardised @ apart.T) @ apart
    many = standardised.shape[1]
    main = _main(standardised)
    main = (main - (main @ apart.T) @ apart) / np.sqrt(many)
    directions = _half(main)
    kept = _half(standardised @ directions.T)
    classifier = SVC(C=SOFTNESS, kernel="precomputed", class_weight="balanced")
    alike = gaussian_kernel(kept, kept)
    classifier.fit(alike, fake)
    share = SHARE * float(classifier.decision_function(alike[~fake]).std())
    weight, bias = _regression(standardised, fake)
    return Listener(
        mean,
        spread,
        directions,
        kept[classifier.support_],
        np.asarray(classifier.dual_coef_[0], np.float32),
        # What serving standardises still has the directions that were taken out here.
        np.asarray(share * (weight - apart.T @ (apart @ weight)), np.float32),
        float(classifier.intercept_[0]) + share * bias,
    )


def _regression(features: Floats, fake: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Weight and bias, in units of its spread on genuine speech; both classes count alike."""
    balanced = np.where(fake, 0.5 / fake.mean(), 0.5 / (~fake).mean())
    to = heads.whitening(features[~fake], REGRESSION.shrinkage)
    return heads.regressed(features, fake, balanced, REGRESSION.strength, to)


def _main(features: NDArray[Any]) -> NDArray[Any]:
    """The directions in which most of what is shown lies."""
    least = min(features.shape)
    if least <= 2 * KEPT:
        return np.asarray(np.linalg.svd(features, full_matrices=False)[2][:KEPT])
    return np.asarray(randomized_svd(features, KEPT, n_oversamples=50, n_iter=4, random_state=0)[2])


def _half(values: NDArray[np.floating]) -> Floats:
    """As float16 stores it. Before the fit, so that storing changes nothing afterwards."""
    return np.asarray(values, np.float16).astype(np.float32)


def _between(features: Floats, speakers: Sequence[str | None]) -> Floats:
    """The directions in which the speakers' means differ most."""
    names = sorted({name for name in speakers if name is not None})
    who = np.array([name or "" for name in speakers])
    means = [features[who == name].mean(axis=0) for name in names if (who == name).sum() > 1]
    if len(means) < 2:
        return np.zeros((0, features.shape[1]), np.float32)
    apart = np.stack(means) - np.mean(means, axis=0)
    turned = np.linalg.svd(apart, full_matrices=False)[2]
    return np.asarray(turned[: min(SPEAKERS, len(means) - 1)], np.float32)
