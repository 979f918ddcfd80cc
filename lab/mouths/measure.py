"""Computes bounds, calibration and figures of the mouth check on the faces that `rows` wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.face.calibrate import for_card, upper_bound
from ml.engine.detectors import face_forgery
from ml.engine.detectors.mouth_forgery.detector import pooled
from ml.engine.serving import CARD
from ml.evaluation import metrics

Floats = NDArray[np.float64]
FOUND_ALPHA, CLEAR_ALPHA = 0.01, 0.05
ALIKE, FILMS = "alike: ", "films"
MOST_ALIKE = 0.05
"""The share of each row of harmlessly changed genuine faces above the bound."""
FEWEST = 60


@dataclass(frozen=True)
class Part:
    """Files of one split: a still, or the looks at one film pooled."""

    scores: Floats
    small: Floats
    """The logit of `face_forgery`; for a film, the mean over its crops, as served."""
    kind: NDArray[np.str_]
    """Empty for genuine ones."""
    source: NDArray[np.str_]
    group: NDArray[np.str_]
    film: NDArray[np.bool_]
    degraded: NDArray[np.bool_]

    def where(self, chosen: NDArray[np.bool_]) -> Part:
        return Part(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    @property
    def fake(self) -> NDArray[np.bool_]:
        return np.asarray(self.kind != "", np.bool_)


def read(folder: Path, split: str, run: str) -> Part:
    with np.load(folder / f"altered-{split}.npz") as stored:
        names = ("small", "kind", "source", "group", "film", "degraded")
        rows = {name: stored[name] for name in names}
    scores = np.load(folder / f"{run}-{split}.npy").astype(np.float64)
    known = np.isfinite(scores)
    films = dict.fromkeys(rows["film"][known & (rows["film"] != "")])
    files = [[int(n)] for n in np.flatnonzero(known & (rows["film"] == ""))]
    files += [[int(n) for n in np.flatnonzero(known & (rows["film"] == f))] for f in films]
    first = [some[0] for some in files]
    return Part(
        np.array([pooled(scores[some]) for some in files]),
        np.array([float(rows["small"][some].mean()) for some in files]),
        rows["kind"][first], rows["source"][first], rows["group"][first],
        rows["film"][first] != "", rows["degraded"][first],
    )  # fmt: skip


# === Bounds ===


def bounded(part: Part, scores: Floats) -> float:
    """The highest bound that any source or harmless change asks for, and all of them together; none
    where there are too few."""
    real = ~part.fake
    plain = real & ~is_alike(part)
    bounds = [upper_bound(scores[plain], FOUND_ALPHA)]
    for source in np.unique(part.source[real]):
        own = scores[real & (part.source == source)]
        alpha = MOST_ALIKE if ALIKE in str(source) else FOUND_ALPHA
        if len(own) >= FEWEST:
            place = min(round((1 - alpha) * len(own)), len(own) - 1)
            bounds.append(float(np.nextafter(np.sort(own)[place], np.inf)))
    return max((bound for bound in bounds if np.isfinite(bound)), default=-np.inf)


def is_alike(part: Part) -> NDArray[np.bool_]:
    return np.asarray(np.char.find(part.source, ALIKE) >= 0, np.bool_)


def bounds(val: Part, scores: Floats) -> dict[bool, float]:
    """By whether it is a film. A film of a camera that was not met is bounded as stills are."""
    still = bounded(val.where(~val.film), scores[~val.film])
    film = bounded(val.where(val.film), scores[val.film])
    return {False: still, True: max(still, film)}


def calibrated(val: Part) -> dict[str, Any]:
    at = bounds(val, val.scores)
    found: dict[str, Any] = {}
    for name, film in (("image", False), ("video", True)):
        part = val.where(val.film == film)
        found[name] = for_card(
            part.fake, part.scores, part.group, found_at=at[film], found_alpha=FOUND_ALPHA,
            clear_alpha=CLEAR_ALPHA, fakes=int(part.fake.sum()), asks=True,
            # A picture and its degraded copy are not two witnesses.
            reals=int((~part.fake & ~part.degraded).sum()),
        )  # fmt: skip
    return found


# === Figures ===


def forgery_found(part: Part) -> NDArray[np.bool_]:
    """The faces that `face_forgery` alone reports as altered."""
    card = json.loads((Path(face_forgery.__path__[0]) / CARD).read_text())
    return np.asarray(part.small >= card["calibration"]["used"]["found_at"], np.bool_)


def figures(val: Part, test: Part) -> dict[str, Any]:
    """The test split at the validation split's bounds, compared with `face_forgery`."""
    at = bounds(val, val.scores)
    found = test.scores >= np.where(test.film, at[True], at[False])
    house = forgery_found(test)
    report: dict[str, Any] = {"split": "test; face finder and crop as in service", "bounds": {
        "image": round(at[False], 3), "video": round(at[True], 3),
    }}  # fmt: skip
    report["genuine"] = {
        name: {
            "files": int(rows.sum()),
            "found": share(found[rows]),
            "face_forgery": share(house[rows]),
        }
        for name, rows in genuine_rows(test)
    }
    report["altered"] = {
        name: {
            "files": int(rows.sum()),
            "auc": auc(test, test.scores, rows),
            "found": share(found[rows]),
            "face_forgery_auc": auc(test, test.small, rows),
            "face_forgery": share(house[rows]),
            "either": share((found | house)[rows]),
        }
        for name, rows in altered_rows(test)
    }
    return report


def genuine_rows(part: Part) -> list[tuple[str, NDArray[np.bool_]]]:
    rows = []
    for source in np.unique(part.source[~part.fake]):
        for degraded in (False, True):
            some = ~part.fake & (part.source == source) & (part.degraded == degraded)
            if some.any():
                rows.append((f"{source}, degraded" if degraded else str(source), some))
    return rows


def altered_rows(part: Part) -> list[tuple[str, NDArray[np.bool_]]]:
    rows = []
    for kind in np.unique(part.kind[part.fake]):
        for film in (False, True):
            some = (part.kind == kind) & (part.film == film)
            if some.any():
                rows.append((f"{kind}, {'films' if film else 'stills'}", some))
    return rows


def auc(part: Part, scores: Floats, rows: NDArray[np.bool_]) -> float:
    """Against all genuine ones of the same medium, harmless changes too."""
    against = ~part.fake & (part.film == bool(part.film[rows][0]))
    labels = [False] * int(against.sum()) + [True] * int(rows.sum())
    return round(metrics.auc(labels, np.concatenate([scores[against], scores[rows]])) or 0.0, 3)


def share(found: NDArray[np.bool_]) -> float:
    return round(float(found.mean()), 3)
