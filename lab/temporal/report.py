"""Exports, calibrates and measures, and writes weights and card. All figures in the card are
computed here."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.common import cards, speakers, stages
from lab.face import export
from lab.face.calibrate import for_card, upper_bound
from lab.temporal import fakes, folds, loop, measure
from lab.temporal.baselines import Regression
from lab.temporal.data import Example, Variant
from lab.temporal.offering import verdict
from ml.engine.detectors.temporal import claims, inputs
from ml.engine.detectors.temporal.calibration import CAP, STEADY_FAKES
from ml.engine.detectors.temporal.network import FOLDER, ServedNetwork
from ml.engine.fusion.calibration import Calibration
from ml.engine.media import motion
from ml.evaluation import metrics
from ml.evaluation.cards import rounded

VERSION = "1"
SAYS = (
    "A higher score means that the face changes from frame to frame, against its surroundings, as "
    "faces do that were put in frame by frame."
)
TOLERANCE = 1e-3
PROBES = 64
FOUND_ALPHA, CLEAR_ALPHA = 0.025, 0.1
"""Two faces may be judged in a video: together one in twenty."""
FEWEST_OF_A_CONDITION = 19
"""With fewer there is no bound of their own. Below 39 the bound is their highest score, which is
passed by no more than one in twenty."""
HARD_COMPRESSION = 30.0
"""From this rate factor on, genuine clips are a condition of their own: the small run was wrong
about these most often."""
SOURCES = (
    "480 clips of about 1.2 s of television news anchors who face the camera; 26 speakers, split "
    "by speaker. Broadcast footage, research only; none of it is part of this project. All fakes "
    "were made from these by the project (lab/temporal/fakes.py)."
)
LICENCE = "Weights trained by Touchstone, from nothing. The training data is for research only."
LIMITS = (
    "It was trained, calibrated and measured on fakes made by this project, not on videos "
    "manipulated by others.",
    "Forgeries that are steady from frame to frame pass like genuine faces, so a steady face is "
    "no sign of authenticity. The assumption that half of all manipulations are steady was not "
    "measured.",
    "It was trained on one kind of footage: news anchors who face the camera, one picture size, "
    "25 to 30 frames per second and lower rates made from them.",
    "Filters that smooth, make up or reshape a face also move against its surroundings.",
    "In a long video a few seconds are examined frame by frame (10 s with sound, 4 s without), "
    "and the two faces that are in view longest.",
    "Quick head turns, hands in front of the face and stage light were rare in training.",
    "It was neither trained nor tested against attacks that are designed to deceive it.",
)


def write(examples: Sequence[Example], runs: Path, recipe: loop.Recipe, out: Path | None) -> Any:
    target = out or FOLDER
    learnt, tested = speakers.learnt_from(examples), speakers.tested_on(examples)
    net = loop.train(learnt, runs / "served", recipe)
    weights = export.exported(
        net, target / "temporal.tflite", _probes(tested), tolerance=TOLERANCE, half=False
    )
    card: dict[str, Any] = {
        **cards.begun("temporal", VERSION, says=SAYS, kinds=["video"]),
        "input": {
            "shape": list(inputs.SHAPE),
            "picture_side": motion.SIDE,
            "smallest_square": motion.SMALLEST,
            "seconds_needed": motion.SHORTEST,
        },
        "weights": weights,
        "recipe": asdict(recipe),
        "data": {
            "sources": SOURCES,
            "clips": dict(Counter(s for _, s in {(e.clip.sha256, e.clip.split) for e in examples})),
            "variants": dict(
                Counter("fake" if e.variant.fake else "real" for e in examples)
            ),
            "speakers": cards.speakers_by_split(examples),
        },
        "licence": LICENCE,
    }  # fmt: skip
    scored = folds.out_of_fold(learnt, runs, recipe, stages.quiet)
    card["calibration"] = _calibrated(scored)
    cards.write(target, card)
    card["measured"] = _measured(learnt, tested, runs, recipe, target, card)
    offered = card["measured"]["offered"] = verdict(card["measured"])
    card["claims"] = {
        key: [fakes.IN_WORDS[kind] for kind in offered[key]] for key in ("claimed", "not_told")
    }
    card["limits"] = [*claims.limits(card["claims"]), *LIMITS]
    cards.write(target, card)
    return card


def _probes(tested: Sequence[Example]) -> NDArray[np.float32]:
    seen = [
        w[0] for e in tested[:: max(len(tested) // PROBES, 1)] if (w := inputs.windows(e.signals))
    ]
    return np.stack([window.values for window in seen])


def _measured(
    learnt: Sequence[Example], tested: Sequence[Example], runs: Path, recipe: loop.Recipe,
    target: Path, card: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    served, regression = loop.scorer(ServedNetwork(target)), Regression(learnt).scores
    used = card["calibration"]["used"]
    found_at, even_at = used["found_at"], -used["offset"] / used["slope"]
    return {
        "split": "test; speakers whom neither network nor calibration met; the served file",
        "network": measure.by_what_it_met(tested, served),
        "regression": measure.by_what_it_met(tested, regression),
        "never_met": {
            name: {
                "network": measure.auc_of(tested, network, holds),
                "regression": measure.auc_of(tested, plain, holds),
            }
            for name, holds, network, plain in folds.without(learnt, runs, recipe, stages.quiet)
        },
        "false_alarms": measure.false_alarms(tested, served, found_at, even_at),
        "caught": measure.caught(tested, served, found_at),
        "cllr": _cllr(tested, served, used),
    }


def _cllr(tested: Sequence[Example], served: loop.Scorer, used: dict[str, Any]) -> float | None:
    known = [(e, s) for e, s in zip(tested, served(tested), strict=True) if s is not None]
    line = Calibration(**used)
    logs = [line.log10_lr(s) for _, s in known]
    cost: float | None = rounded(metrics.cllr([e.variant.fake for e, _ in known], logs))
    return cost


# === Calibration ===


def _condition(variant: Variant) -> str:
    hard = not variant.whole and variant.crf is not None and variant.crf >= HARD_COMPRESSION
    return "hard compression" if hard else variant.condition


def _calibrated(scored: Sequence[tuple[Example, float]]) -> dict[str, Any]:
    """By networks that met none of the speakers. A clip counts once, however often it was
    changed."""
    fake = np.array([e.variant.fake for e, _ in scored])
    scores = np.array([s for _, s in scored])
    speakers = np.array([e.clip.speaker for e, _ in scored])
    conditions = np.array([_condition(e.variant) for e, _ in scored])
    clips = len({e.clip.sha256 for e, _ in scored})
    found_at = max(
        upper_bound(scores[rows], max(FOUND_ALPHA, 1 / (rows.sum() + 1)))
        for rows in (~fake, *(~fake & (conditions == name) for name in np.unique(conditions)))
        if rows.sum() >= FEWEST_OF_A_CONDITION
    )
    used = for_card(
        fake,
        scores,
        speakers,
        found_at=found_at,
        found_alpha=FOUND_ALPHA,
        clear_alpha=CLEAR_ALPHA,
        reals=clips,
        fakes=clips,
        cap=CAP,
        asks=True,
    )
    if not math.isfinite(found_at - used["clear_at"]):
        raise ValueError("Too few clips for the bounds that were asked for.")
    return {
        "fitted_on": f"{len(set(speakers))} speakers of training and validation, each seen by a "
        "network that never met him: his clips as they are, as the world passes them on, and faked",
        "cap_log10_lr": CAP,
        "steady_fakes_assumed": STEADY_FAKES,
        "used": used,
        "auc_out_of_fold": rounded(metrics.auc(fake, scores)),
        "genuine_above": {
            str(name): [int((scores[rows] >= found_at).sum()), int(rows.sum())]
            for name in np.unique(conditions[~fake])
            for rows in [~fake & (conditions == name)]
        },
    }
