"""Exports, calibrates and measures, and writes weights and card. All figures in the card are
computed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lab.common import cards, speakers, stages
from lab.face import export
from lab.face.calibrate import for_card, upper_bound
from lab.lip_sync import baselines, folds, loop, measure
from lab.lip_sync.batches import aligned
from lab.lip_sync.data import Talk
from ml.engine.audio_encoders import whisper
from ml.engine.detectors.lip_sync import inputs
from ml.engine.detectors.lip_sync.calibration import CAP, FITTING_FAKES
from ml.engine.detectors.lip_sync.calibration import calibration as bounded
from ml.engine.detectors.lip_sync.judging import NEEDED
from ml.engine.detectors.lip_sync.network import FOLDER, LIPS_PLACES, SOUND_PLACES, ServedNetwork
from ml.evaluation import metrics

VERSION = "4"
SAYS = "A higher score means that the sound fits the lips less, at the best offset."
TOLERANCE = 1e-3
PROBES = 32
FOUND_ALPHA, CLEAR_ALPHA = 0.03, 0.1
SOURCES = (
    "480 clips of about 1.2 s of television news anchors who face the camera, with sound; 26 "
    "speakers, split by speaker. Broadcast footage, research only; none of it is part of this "
    "project."
)
LICENCE = (
    "Weights trained by Touchstone, from nothing. The training data is for research only. The "
    "audio encoder is that of Whisper base (OpenAI, MIT) as a package ships it."
)
LIMITS = (
    "It was trained on one kind of footage: news anchors who face the camera, in one language "
    "region, at 25 to 30 frames per second.",
    "Lip-sync programs are built to match lips and sound, so their output can fit as well as a "
    "genuine video. A good fit is no sign of authenticity.",
    "Dubbing, a narrator, an interpreter or an off-camera speaker fits as poorly as a "
    "manipulation.",
    "In a long video only about 10 s are examined frame by frame.",
    "Beards, profiles, and hands or microphones in front of the mouth were rare in training.",
    "The assumption that half of all manipulations fit as well as genuine speech was not measured.",
    "It was neither trained nor tested against attacks that are designed to deceive it.",
)


def write(
    talks: Sequence[Talk],
    runs: Path,
    recipe: loop.Recipe,
    offsets: Mapping[str, float],
    out: Path | None,
) -> Any:
    target = out or FOLDER
    learnt, tested = speakers.learnt_from(talks), speakers.tested_on(talks)
    in_place = aligned(learnt, offsets)
    lips, sound = loop.train(in_place, runs / "served", recipe)
    weights = export.exported(
        lips, target / "lips.tflite", _mouths(tested), tolerance=TOLERANCE, half=False
    )
    of_sound = export.exported(
        sound, target / "sound.tflite", _sound_probes(tested), tolerance=TOLERANCE, half=False
    )
    card: dict[str, Any] = {
        **cards.begun("lip_sync", VERSION, says=SAYS, kinds=["video"]),
        "input": {
            "places_a_second": inputs.PLACES,
            "lips": [LIPS_PLACES + 2 * inputs.LIPS_CONTEXT, inputs.LIPS_SIDE, inputs.LIPS_SIDE],
            "sound": [
                SOUND_PLACES * inputs.MEL_A_PLACE + inputs.MEL_CONTEXT,
                inputs.SOUND_FEATURES,
            ],
            "seconds_needed": NEEDED,
        },
        "ear": {
            "package": whisper.CARRIED.package,
            "sha256": whisper.CARRIED.sha256,
            "layers": inputs.ENCODER_LAYER,
        },
        "weights": weights,
        "weights_of_sound": of_sound,
        "recipe": asdict(recipe),
        "limits": list(LIMITS),
        "data": {
            "sources": SOURCES,
            "clips": dict(Counter(t.clip.split for t in talks)),
            "speakers": cards.speakers_by_split(talks),
            "places_the_sound_came_late": dict(sorted(offsets.items())),
        },
        "licence": LICENCE,
    }  # fmt: skip
    seen = folds.out_of_fold(learnt, runs, recipe, stages.quiet, offsets)
    card["calibration"] = _calibrated(seen)
    cards.write(target, card)
    served = ServedNetwork(target)
    card["measured"] = {
        "split": "test; speakers whom neither network nor calibration met; the served files",
        "network": measure.table(tested, folds.pairing(folds.embedded(served, tested))),
        "baselines": {
            "ridge, log-mel to mouth opening": measure.table(
                tested, baselines.RidgeBaseline(in_place).of(tested)
            ),
            "distance, MFCC to mouth pictures": measure.table(
                tested, baselines.DistanceBaseline(in_place).of(tested)
            ),
        },
        "decided": _decided(tested, served, card["calibration"]["used"]),
        "decided_degraded": _decided(folds.degraded(tested), served, card["calibration"]["used"]),
    }
    cards.write(target, card)
    return card


def _mouths(talks: Sequence[Talk]) -> Any:
    count = LIPS_PLACES + 2 * inputs.LIPS_CONTEXT
    found = []
    for talk in talks[:: max(len(talks) // PROBES, 1)]:
        rows = inputs.lips(inputs.middle(talk.mouths))
        found.append(np.resize(rows, (count, *rows.shape[1:])))
    return np.stack(found)


def _sound_probes(talks: Sequence[Talk]) -> Any:
    count = SOUND_PLACES * inputs.MEL_A_PLACE + inputs.MEL_CONTEXT
    found = []
    for talk in talks[:: max(len(talks) // PROBES, 1)]:
        first, last = inputs.sound_places(talk.sound, talk.start, -99, 99)
        rows = inputs.sound(talk.sound, talk.start, first, last)
        found.append(np.resize(rows, (count, inputs.SOUND_FEATURES)))
    return np.stack(found)


# === Calibration ===


def _calibrated(seen: Sequence[tuple[list[Talk], measure.Pairing]]) -> dict[str, Any]:
    """Own sound against other people's, by networks that met neither speaker. Pools are dealt
    several times for steadiness, each clip as it is and degraded, but all count once."""
    whole, moments = [], []
    pools = 0
    for talks, pairing in seen:
        whole += measure.foreign_items(talks, pairing, measure.pools(talks))
        moments += measure.foreign_items(talks, pairing, measure.singles(talks))
        pools += len(measure.pools(talks, draws=1))
    independent = pools // 2
    speakers = len({talk.clip.speaker for talks, _ in seen for talk in talks})
    return {
        "fitted_on": f"{speakers} speakers of training and validation, each seen by a network that "
        f"never met him: pools of {measure.POOL} clips with their own and other people's sound, as "
        "they are and degraded once",
        "cap_log10_lr": CAP,
        "fitting_fakes_assumed": FITTING_FAKES,
        "used": _line(whole, independent),
        "of_a_moment": _line(moments, len(moments) // 4),
        "auc_out_of_fold": measure.auc(whole)["auc"],
        "auc_of_a_moment_out_of_fold": measure.auc(moments)["auc"],
    }


def _line(items: Sequence[measure.Item], independent: int) -> dict[str, Any]:
    wrong = np.array([item.wrong for item in items])
    scores = np.array([item.score for item in items])
    speakers = np.array([item.speaker for item in items])
    return for_card(
        wrong,
        scores,
        speakers,
        found_at=upper_bound(scores[~wrong], FOUND_ALPHA),
        found_alpha=FOUND_ALPHA,
        clear_alpha=CLEAR_ALPHA,
        reals=independent,
        fakes=independent,
        cap=CAP,
        asks=True,
    )


# === What the frozen bounds do on the test split ===


def _decided(talks: Sequence[Talk], network: ServedNetwork, used: dict[str, Any]) -> Any:
    pairing = folds.pairing(folds.embedded(network, talks))
    items = measure.foreign_items(talks, pairing, measure.pools(talks))
    calibration = bounded({"calibration": {"used": used}})
    outcomes = [str(calibration.says(item.score)) for item in items]
    plain = [calibration.line.log10_lr(item.score) for item in items]
    table = {
        kind: dict(
            Counter(s for s, item in zip(outcomes, items, strict=True) if item.wrong is wrong)
        )
        for kind, wrong in (("own sound", False), ("another person's sound", True))
    }
    cllr = metrics.cllr([item.wrong for item in items], plain)
    return {**table, "cllr_of_the_line": None if cllr is None else round(cllr, 4)}


def as_text(card: dict[str, Any]) -> str:
    """The measured part for people."""
    lines = []
    measured = card["measured"]
    for name, table in {"network": measured["network"], **measured["baselines"]}.items():
        lines.append(f"{name}:")
        for group, figures in table.items():
            aucs = {k: v["auc"] for k, v in figures.items() if isinstance(v, dict)}
            rest = {k: v for k, v in figures.items() if not isinstance(v, dict)}
            lines.append(f"    {group}: {aucs} {rest}")
    used = {k: v for k, v in card["calibration"]["used"].items() if k != "lines"}
    lines += [f"calibration: {used}", f"decided: {measured['decided']}"]
    lines += [f"out of fold: {card['calibration']['auc_out_of_fold']}"]
    lines += [f"weights: {card['weights']}", f"of sound: {card['weights_of_sound']}"]
    return "\n".join(lines)
