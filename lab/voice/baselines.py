"""Simple baselines for the audio encoder, and a test that silence alone reveals nothing.

The logistic regression on means and spreads of log-mel bands is the obvious first attempt: the
encoder must beat it, fitted on the same clips. The silence baseline sees only how long it is quiet
before and after the speech. If it were good, the data would reveal its classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lab.voice.store import CLIP, Row, Store
from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE, log_mel
from ml.engine.media.voice_activity import loud_stretches, trimmed

Scores = dict[int, float]


def mel_statistics(sound: Samples) -> NDArray[np.float64]:
    """Mean and spread of 64 log-mel bands over the trimmed speech."""
    logs = log_mel(trimmed(sound, loud_stretches(sound))).astype(np.float64)
    return np.concatenate([logs.mean(axis=0), logs.std(axis=0)])


def silence(sound: Samples) -> NDArray[np.float64]:
    """Seconds of silence before and after the speech, and how long all of it is."""
    segments = loud_stretches(sound)
    whole = len(sound) / RATE
    before = segments[0][0] if segments else whole
    after = whole - segments[-1][1] if segments else 0.0
    return np.array([before, after, whole])


def table(store: Store, describe: Callable[[Samples], NDArray[np.float64]]) -> NDArray[np.float64]:
    """One line of numbers for each clip; the clips are the store's first rows."""
    clips = store.where(lambda row: row.origin == CLIP)
    return np.stack([describe(store.sound(number)) for number in clips])


def fitted_scores(
    values: NDArray[np.float64],
    rows: Sequence[Row],
    may_see: Callable[[Row], bool],
    judged: Callable[[Row], bool],
) -> Scores:
    """Logits for the clips that are judged, from a regression on the rows that may be seen."""
    seen = [n for n, row in enumerate(rows) if row.origin == CLIP and may_see(row)]
    labels = np.array([rows[n].is_fake for n in seen])
    classifier = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.05, class_weight="balanced", max_iter=500)
    )
    classifier.fit(values[seen], labels)
    wanted = [n for n, row in enumerate(rows) if row.origin == CLIP and judged(row)]
    return dict(zip(wanted, classifier.decision_function(values[wanted]).tolist(), strict=True))
