"""The baseline to beat: a logistic regression on how much each signal varies, without any order in
time except the similarity of neighbouring steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lab.temporal.data import Example
from ml.engine.detectors.temporal.inputs import windows
from ml.engine.media.motion import Signals

STRENGTH = 0.003


def statistics(signals: Signals) -> NDArray[np.float64]:
    """For each part and channel: mean, spread, maximum, and the similarity of neighbouring
    steps."""
    values = signals.values.astype(np.float64)
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    alike = (centred[1:] * centred[:-1]).mean(axis=0) / (spread**2 + 1e-4)
    measures = [values.mean(axis=0), spread, np.abs(values).max(axis=0), alike]
    return np.concatenate([part.reshape(-1) for part in measures])


class Regression:
    def __init__(self, examples: Sequence[Example]) -> None:
        known = [e for e in examples if windows(e.signals)]
        self._line: Any = make_pipeline(
            StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=500, class_weight="balanced")
        )
        self._line.fit(
            np.stack([statistics(e.signals) for e in known]), [e.variant.fake for e in known]
        )

    def scores(self, examples: Sequence[Example]) -> list[float | None]:
        known = [bool(windows(e.signals)) for e in examples]
        rows = [statistics(e.signals) for e, k in zip(examples, known, strict=True) if k]
        scored = iter(self._line.decision_function(np.stack(rows)) if rows else ())
        return [float(next(scored)) if k else None for k in known]
