"""What the voice detector can do, measured: out of source first, then the test split, degraded.

Scores out of source come from networks that never met the clip's source. They fit the calibration
and fix the threshold (5 % of real clips of the train and val splits flagged); the test split is
then only looked at.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve

from ml.detectors.voice_spoof import windows
from ml.media.voice_activity import find_speech, loud_stretches
from ml.training import short
from ml.training.sound import loop
from ml.training.sound.data import FOLDS
from ml.training.sound.degrade import NAMED
from ml.training.sound.pictures import Pictures
from ml.training.sound.store import CLIP, Row, Store

Scores = Mapping[int, float]
"""Logit by row of the store."""
FLAGGED_REALS = 0.05
"""Share of out-of-source real clips that the frozen threshold flags."""


def out_of_source(
    pictures: Pictures,
    folder: Path,
    recipe: loop.Recipe,
    watch: Callable[[str], Callable[[Any], Any]],
) -> dict[int, float]:
    """Every clip scored once, by the network of the fold that held its source out."""
    scores: dict[int, float] = {}
    for fold in FOLDS:
        place = folder / "folds" / fold.name.replace(" ", "_")
        kept = place / "scores.json"
        if not kept.exists() or not short.holds(place, asdict(recipe)):
            network = loop.train(
                pictures,
                lambda row, fold=fold: not fold.holds_out(row.source),
                place,
                recipe,
                watch=watch(fold.name),
            )
            versions = pictures.where(
                lambda row, fold=fold: row.origin == CLIP and fold.holds_out(row.source),
                degraded=False,
            )
            seen = np.stack([windows.without_channel(pictures.logs[v]) for v in versions])
            logits = loop.score(network, seen)
            found = {int(pictures.row[v]): float(x) for v, x in zip(versions, logits, strict=True)}
            kept.write_text(json.dumps(found))
        scores |= {int(k): float(v) for k, v in json.loads(kept.read_text()).items()}
    return scores


def trained_on_split(
    pictures: Pictures, folder: Path, recipe: loop.Recipe, watch: Callable[[Any], Any]
) -> Any:
    """The network that is served: it never met a speaker of the test split, nor hibari."""
    return loop.train(
        pictures, lambda row: row.split != "test", folder / "served", recipe, watch=watch
    )


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


def degraded_scores(
    store: Store, logits_of: Callable[[list[NDArray[np.float32]]], list[float]], name: str
) -> dict[int, float]:
    """The test split once more after one named degradation, the way that serving hears it."""
    scores = {}
    for number in store.where(lambda row: row.origin == CLIP and row.split == "test"):
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
