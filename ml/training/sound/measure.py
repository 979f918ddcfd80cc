"""What the voice detector can do, measured: out of source first, then the test split, degraded.

Scores out of source come from classifiers that never met the clip's source. They fit the
calibration and fix the threshold (3 % of real clips of the train and val splits flagged); the test
split is then only looked at.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve

from ml.detectors.voice_spoof import windows
from ml.media.voice_activity import find_speech, loud_stretches
from ml.training.sound.degrade import NAMED
from ml.training.sound.store import CLIP, Row, Store

Scores = Mapping[int, float]
"""Logit by row of the store."""
FLAGGED_REALS = 0.03
"""Share of out-of-source real clips that the frozen threshold flags."""


def calibrated(scores: Scores, rows: Sequence[Row]) -> dict[str, float]:
    """Platt's two numbers and the threshold, from clips outside the test split."""
    used = [n for n in scores if rows[n].split != "test"]
    logits = np.array([scores[n] for n in used])
    fake = np.array([rows[n].is_fake for n in used])
    platt = LogisticRegression(C=1e6, class_weight="balanced").fit(logits[:, None], fake)
    return {
        "slope": float(platt.coef_[0, 0]),
        "offset": float(platt.intercept_[0]),
        "threshold": float(np.quantile(logits[~fake], 1 - FLAGGED_REALS)),
    }


def summary(scores: Scores, rows: Sequence[Row]) -> dict[str, Any]:
    """AUC and equal error rate of clips, with how many there are."""
    numbers = sorted(scores)
    fake = np.array([rows[n].is_fake for n in numbers])
    values = np.array([scores[n] for n in numbers])
    return {
        "auc": round(float(roc_auc_score(fake, values)), 4),
        "eer": round(equal_error_rate(fake, values), 4),
        "reals": int((~fake).sum()),
        "fakes": int(fake.sum()),
    }


def equal_error_rate(fake: NDArray[np.bool_], values: NDArray[np.float64]) -> float:
    alarms, hits, _ = roc_curve(fake, values)
    place = int(np.argmin(np.abs(alarms - (1 - hits))))
    return float((alarms[place] + 1 - hits[place]) / 2)


def cllr(scores: Scores, rows: Sequence[Row], slope: float, offset: float) -> float:
    """Cost of the log likelihood ratios in bits; 1 is what saying nothing costs."""
    natural = {n: slope * value + offset for n, value in scores.items()}
    fakes = np.array([natural[n] for n in scores if rows[n].is_fake])
    reals = np.array([natural[n] for n in scores if not rows[n].is_fake])
    cost = np.mean(np.log1p(np.exp(-fakes))) + np.mean(np.log1p(np.exp(reals)))
    return round(float(cost / np.log(2) / 2), 4)


def by_source(scores: Scores, rows: Sequence[Row], threshold: float) -> dict[str, Any]:
    """Share flagged at the frozen threshold, real and fake, a source each."""
    found: dict[str, Any] = {}
    for number, value in scores.items():
        row = rows[number]
        entry = found.setdefault(f"{row.label} {row.source}", [0, 0])
        entry[0] += int(value > threshold)
        entry[1] += 1
    return {
        name: {"flagged": round(flagged / count, 4), "clips": count}
        for name, (flagged, count) in sorted(found.items())
    }


def served_scores(
    store: Store,
    logits_of: Callable[[list[NDArray[np.float32]]], list[float]],
    name: str,
    step: int = 1,
) -> dict[int, float]:
    """Every so manieth clip of the test split after one named degradation, as serving hears it."""
    scores = {}
    for number in store.where(lambda row: row.origin == CLIP and row.split == "test")[::step]:
        rng = np.random.default_rng([11, number, zlib.crc32(name.encode())])
        sound = NAMED[name](store.sound(number), rng)
        found = windows.windows(sound, loud_stretches(sound))
        if found:
            scores[number] = float(np.mean(logits_of([window.picture for window in found])))
    return scores


def not_applicable_share(store: Store, share: int = 8) -> dict[str, Any]:
    """How often real and fake speech of the test split is taken for no speech."""
    rows = store.where(lambda row: row.origin == CLIP and row.split == "test")[::share]
    refused = [n for n in rows if find_speech(store.sound(n)).reason is not None]
    return {"clips": len(rows), "taken_for_no_speech": len(refused)}
