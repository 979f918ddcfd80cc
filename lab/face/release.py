"""Writes a finished run to a detector's folder: weights, calibration, evaluated splits and the
card.

Calibration uses the validation split; the test split is only measured. All figures are computed.
"""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lab.common import cards
from lab.face import calibrate, data, export, loop
from lab.face.calibrate import Scored
from lab.face.config import FaceConfig
from lab.face.faces import Set
from lab.face.lite0 import normalised
from lab.face.store import Store
from ml.engine.contract import Outcome
from ml.engine.fusion.calibration import Calibration, probability
from ml.engine.media.face_scores import FaceNetwork
from ml.engine.serving import Served
from ml.evaluation import metrics
from ml.evaluation.cards import rounded

TOLERANCE = 0.05
"""The tolerance of logits, with weights stored as float16."""
PROBES = 48
STRATA = (64, 96, 128, 192)
"""Sides of faces, in pixels, for which results are reported separately."""

Watch = Callable[[Sequence[int]], Any]


@dataclasses.dataclass(frozen=True)
class Release:
    """What is particular to one detector."""

    name: str
    says: str
    fakes: tuple[str, ...]
    reals: tuple[str, ...]
    found_alpha: float
    clear_alpha: float
    min_face_side: int
    limits: tuple[str, ...]


SOURCES = (
    "Deepfake Detection Challenge (DFDC) face crops, research terms; Flickr-Faces-HQ photographs "
    "and StyleGAN faces (CC BY-NC-SA); Labeled Faces in the Wild, research use; UTKFace, "
    "non-commercial research. None of it is part of this project."
)
WEIGHTS_LICENCE = (
    "Weights trained by Touchstone, starting from EfficientNet-Lite0's ImageNet weights "
    "(Apache-2.0). The training data is for research and non-commercial use."
)
FACE = Release(
    name="face_forgery",
    says="A higher logit means that the face more likely was swapped or altered.",
    fakes=("dfdc",),
    reals=("dfdc", "ffhq", "lfw", "utkface"),
    found_alpha=0.03,
    clear_alpha=0.06,
    min_face_side=64,
    limits=(
        "It was trained on the face swaps of one collection and on blends made from "
        "photographs. Other methods, especially recent ones, are detected less well or not at "
        "all.",
        "Lip edits and reenactment were in training only as blended parts of a face and, for the "
        "image encoder, as the lower face of another moment of the same clip.",
        "Faces with less detail than 64 pixels are not examined. Faces between 64 and 128 "
        "pixels are enlarged, as in training.",
        "Genuine faces with heavy make-up, filters or retouching can show traces of alteration.",
        "About 2 to 9 % of the pictures labelled as manipulated show no manipulation in that "
        "frame. This limits every measurement on them.",
        "In a video, the mean over the best pictures of a face is used with a calibration made "
        "on single pictures.",
        "It was neither trained nor tested against attacks that are designed to deceive it.",
    ),
)
SYNTHETIC = Release(
    name="synthetic_face",
    says="A higher logit means that the face more likely was generated as a whole.",
    fakes=("stylegan",),
    reals=("dfdc", "ffhq", "lfw", "utkface"),
    found_alpha=0.03,
    clear_alpha=0.04,
    min_face_side=64,
    limits=(
        "It was trained on one family of generators only (StyleGAN, 256 pixels). Faces by other "
        "generators, especially diffusion models, can be missed.",
        "It examines faces only. Generated pictures without a face are not examined.",
        "Its calibration set is small.",
        "It was neither trained nor tested against attacks that are designed to deceive it.",
    ),
)
RELEASES = {"face": FACE, "synthetic": SYNTHETIC}


def with_own(what: Release, own: Sequence[Set]) -> Release:
    items = [item for one in own for item in one.store.items]
    return dataclasses.replace(
        what,
        fakes=(*what.fakes, *sorted({item.source for item in items if item.is_fake})),
        reals=(*what.reals, *sorted({item.source for item in items if not item.is_fake})),
    )


def _terms(own: Sequence[Set]) -> list[str]:
    return [f"Also {', '.join(one.sources)}: {one.terms}" for one in own]


def release(
    what: Release,
    store: Store,
    run: Path,
    folder: Path,
    *,
    network: loop.Network | None = None,
    own: Sequence[Set] = (),
    watch: Watch = lambda numbers: numbers,
) -> dict[str, Any]:
    """Export, calibrate, measure, and write weights and card into `folder`. What stands in sets of
    one's `own` is calibrated on and measured like the rest."""
    what = with_own(what, own)
    config = FaceConfig.read(run / loop.CONFIG)
    trained = loop.load_average(config, run / loop.WEIGHTS, network)
    sources = sorted({*what.fakes, *what.reals})

    def chosen(split: str) -> list[int]:
        numbers = data.select(store.items, split=split, sources=sources)
        return [
            n for n in numbers if not store.items[n].is_fake or store.items[n].source in what.fakes
        ]

    val, test = chosen("val"), chosen("test")
    probes = _probes(
        store, [n for n in test if store.has_face(n)][:: max(len(test) // PROBES, 1)], config
    )
    weights = export.exported(
        trained, folder / f"{what.name}.tflite", probes, tolerance=TOLERANCE, half=True
    )
    card: dict[str, Any] = {
        **cards.begun(what.name, "1", says=what.says, kinds=["image", "video"]),
        "input": {"side": config.side, "min_face_side": what.min_face_side},
        "weights": weights,
        "recipe": dataclasses.asdict(config),
        "earlier_recipes": earlier(run, config),
        "limits": list(what.limits),
        "data": {
            "sources": " ".join([SOURCES, *_terms(own)]),
            "splits": _counts(store, sources, what),
        },
        "licence": WEIGHTS_LICENCE,
    }
    cards.write(folder, card)
    served = FaceNetwork(Served(folder))

    def scores(split: str, numbers: Sequence[int], *, degraded: bool) -> list[Scored]:
        """Kept in the run's folder for these weights, so that new bounds cost no new scoring."""
        kind = "degraded" if degraded else "clean"
        kept = run / f"scores-{split}-{kind}-{weights['sha256'][:12]}.json"
        if not kept.exists():
            made = calibrate.served_scores(store, numbers, served, degraded=degraded, watch=watch)
            kept.write_text(json.dumps([dataclasses.asdict(one) for one in made]))
        return [Scored(**one) for one in json.loads(kept.read_text())]

    scored = scores("val", val, degraded=False) + scores("val", val, degraded=True)
    card["calibration"] = {
        "fitted_on": "validation split, each picture as it is and degraded once",
        "used": calibrate.fitted(
            store, scored, found_alpha=what.found_alpha, clear_alpha=what.clear_alpha
        ),
    }
    calibration = Calibration.of(card)
    card["measured"] = {
        "split": "test; face finder, crop and network as in service",
        "clean": measured(store, scores("test", test, degraded=False), calibration),
        "degraded": measured(store, scores("test", test, degraded=True), calibration),
    }
    cards.write(folder, card)
    return card


def earlier(run: Path, config: FaceConfig) -> list[dict[str, Any]]:
    """The recipes of the runs that this one began from or is the mean of, the latest first."""
    found: list[dict[str, Any]] = []
    for name in reversed(config.mean_of or (config.start,)):
        before = run.parent / name / loop.CONFIG
        if before.exists():
            known = FaceConfig.read(before)
            found += [{"run": name} | dataclasses.asdict(known), *earlier(before.parent, known)]
    return [recipe for n, recipe in enumerate(found) if recipe not in found[:n]]


def _probes(store: Store, numbers: Sequence[int], config: FaceConfig) -> Any:
    return normalised(np.stack([store.square(n, config.side) for n in numbers]))


def _counts(store: Store, sources: Sequence[str], what: Release) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for item in store.items:
        if item.source in sources and (not item.is_fake or item.source in what.fakes):
            counts[f"{item.split} {item.source} {item.label}"] += 1
    return dict(sorted(counts.items()))


# === Measured ===


def measured(store: Store, scored: Sequence[Scored], calibration: Calibration) -> Any:
    """All figures of these scores at the frozen operating points."""
    known = [s for s in scored if s.score is not None]
    fakes = [store.items[s.number].is_fake for s in known]
    scores = [s.score or 0.0 for s in known]
    ratios = [calibration.log10_lr(score) for score in scores]
    outcomes = [calibration.says(score) for score in scores]
    groups = [store.items[s.number].pair or store.items[s.number].sha256 for s in known]
    interval = metrics.auc_interval(fakes, scores, groups, draws=500)
    decided = [
        (s is Outcome.MANIPULATION_FOUND) == f
        for s, f in zip(outcomes, fakes, strict=True)
        if s is not Outcome.INCONCLUSIVE
    ]
    probabilities = [probability(ratio) for ratio in ratios]
    checked = [n for n, s in enumerate(known) if not fakes[n] or store.items[s.number].checked_pair]
    return rounded(
        {
            "n": len(scored),
            "coverage": len(known) / len(scored),
            "reals": fakes.count(False),
            "fakes": fakes.count(True),
            "auc": metrics.auc(fakes, scores),
            "auc_low": interval[0] if interval else None,
            "auc_high": interval[1] if interval else None,
            "auc_checked_pairs": metrics.auc(
                [fakes[n] for n in checked], [scores[n] for n in checked]
            ),
            "ap": metrics.average_precision(fakes, scores),
            "eer": metrics.eer(fakes, scores),
            "tpr_at_1_fpr": metrics.tpr_at_fpr(fakes, scores, 0.01),
            "tpr_at_5_fpr": metrics.tpr_at_fpr(fakes, scores, 0.05),
            "brier": metrics.brier(fakes, probabilities),
            "ece": metrics.ece(fakes, probabilities),
            "cllr": metrics.cllr(fakes, ratios),
            "min_cllr": metrics.min_cllr(fakes, scores),
            "decided_share": len(decided) / len(known),
            "decided_accuracy": sum(decided) / len(decided) if decided else None,
            "found_of_fakes": _share(outcomes, fakes, True),
            "false_alarms_by_source": _false_alarms(store, known, outcomes),
            "auc_by_face_side": _by_side(known, fakes, scores),
        }
    )


def _share(outcomes: Sequence[Outcome], fakes: Sequence[bool], fake: bool) -> float | None:
    of_these = [s for s, f in zip(outcomes, fakes, strict=True) if f is fake]
    return (
        sum(s is Outcome.MANIPULATION_FOUND for s in of_these) / len(of_these) if of_these else None
    )


def _false_alarms(
    store: Store, known: Sequence[Scored], outcomes: Sequence[Outcome]
) -> dict[str, dict[str, float]]:
    by_source: dict[str, list[Outcome]] = defaultdict(list)
    for one, outcome in zip(known, outcomes, strict=True):
        item = store.items[one.number]
        if not item.is_fake:
            by_source[item.source].append(outcome)
    return {
        source: {
            "reals": len(own),
            "found": sum(o is Outcome.MANIPULATION_FOUND for o in own) / len(own),
        }
        for source, own in sorted(by_source.items())
    }


def _by_side(
    known: Sequence[Scored], fakes: Sequence[bool], scores: Sequence[float]
) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for low, high in zip(STRATA, (*STRATA[1:], 10_000), strict=True):
        rows = [n for n, s in enumerate(known) if low <= s.face_side < high]
        table[f"{low}-{high - 1}" if high < 10_000 else f"{low}-"] = {
            "n": len(rows),
            "auc": metrics.auc([fakes[n] for n in rows], [scores[n] for n in rows]),
        }
    return table
