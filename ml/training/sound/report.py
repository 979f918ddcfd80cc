"""The card: every figure in it was computed by the command that wrote it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ml.detectors.voice_spoof import windows
from ml.detectors.voice_spoof.calibration import CAP
from ml.detectors.voice_spoof.network import WEIGHTS
from ml.training import short
from ml.training.export import write_card
from ml.training.sound import baselines, export, loop, measure
from ml.training.sound.data import FOLDS
from ml.training.sound.degrade import NAMED
from ml.training.sound.pictures import Pictures
from ml.training.sound.store import CLIP, Row, Store

VERSION = "1"
LIMITS = (
    "Trained on about a thousand short clips of read speech; it has met few languages and few of "
    "today's generators.",
    "Codecs that model the voice (codec2, very low rate radio) are vocoders and may be flagged.",
    "Singing and solo instruments can pass for speech; they were not trained on.",
    "No finding is no proof of a genuine voice, and identity is not examined.",
    "Attacks made to deceive it (adversarial noise) were neither trained against nor tested.",
)
SOURCES = (
    "Speech manifest of the research data: LibriSpeech and others via a speaker-encoder "
    "repository, VCC2020 and ARCTIC naturals, VCTK and LibriTTS references, Asterisk prompts "
    "(CC BY-SA), a self-recorded reader; fakes of published voice conversion and speech synthesis "
    "systems. Research use; not redistributed.",
    "Vocoded copies of the real clips, made by the training command.",
    "Speech of flite, espeak-ng, festival and Piper, made by the training command.",
)


def write(speech: Store, pictures: Pictures, cache: Path, out: Path | None) -> dict[str, Any]:
    """Measure, export, and write weights and card into the detector's folder (or `out`)."""
    target = (out or WEIGHTS.parent) / WEIGHTS.name
    scores = _kept_scores(cache)
    rows = pictures.rows
    told = json.loads((cache / "served" / short.RECIPE).read_text())
    network = measure.trained_on_split(pictures, cache, loop.Recipe(**told), lambda steps: steps)
    test = pictures.where(lambda row: row.origin == CLIP and row.split == "test", degraded=False)
    probes = np.stack([windows.without_channel(pictures.logs[v]) for v in test[::8]])
    weights = export.exported(network, target, probes)
    platt = measure.calibrated(scores, rows)
    card = {
        "name": "voice_spoof",
        "version": VERSION,
        "made": datetime.now(UTC).date().isoformat(),
        "says": "A higher logit means more likely synthesised or vocoded speech.",
        "input": {
            "picture": [windows.FRAMES, windows.BANDS],
            "seconds": windows.SECONDS,
            "step_seconds": windows.STEP_SECONDS,
        },
        "weights": weights,
        "recipe": told,
        "recipes_of_folds": {fold.name: _recipe_of(cache, fold.name) for fold in FOLDS},
        "calibration": {
            "platt": platt,
            "fitted_on": "out-of-source scores of the train and val splits, classes balanced",
            "cap_log10_lr": CAP,
            "threshold_flags_of_reals": measure.FLAGGED_REALS,
        },
        "measured": _measured(speech, pictures, scores, platt, target, rows),
        "data": {
            "sources": list(SOURCES),
            "rows": dict(Counter(f"{row.origin} {row.label} {row.split}" for row in rows)),
        },
        "limits": list(LIMITS),
        "licence": "Weights: trained on research data, research use.",
    }
    write_card(target.parent, card)
    return card


def _recipe_of(cache: Path, fold: str) -> dict[str, Any]:
    told = cache / "folds" / fold.replace(" ", "_") / short.RECIPE
    return dict(json.loads(told.read_text()))


def _kept_scores(cache: Path) -> dict[int, float]:
    scores: dict[int, float] = {}
    for fold in FOLDS:
        kept = cache / "folds" / fold.name.replace(" ", "_") / "scores.json"
        scores |= {int(k): float(v) for k, v in json.loads(kept.read_text()).items()}
    return scores


def _measured(
    speech: Store,
    pictures: Pictures,
    scores: dict[int, float],
    platt: dict[str, float],
    weights: Path,
    rows: Sequence[Row],
) -> dict[str, Any]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(weights), num_threads=1)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]["index"]
    out = interpreter.get_output_details()[0]["index"]

    def logits(seen: list[Any]) -> list[float]:
        found = []
        for picture in seen:
            interpreter.set_tensor(entry, picture[None])
            interpreter.invoke()
            found.append(float(interpreter.get_tensor(out)[0, 0]))
        return found

    threshold = platt["threshold"]
    outside = measure.summary(scores, rows)
    outside["cllr"] = measure.cllr(scores, rows, platt["slope"], platt["offset"])
    outside["by_source"] = measure.by_source(scores, rows, threshold)
    table = {}
    test: dict[str, Any] = {}
    for name in NAMED:
        found = measure.degraded_scores(speech, logits, name)
        line = measure.summary(found, rows)
        flagged = {
            label: [found[n] > threshold for n in found if rows[n].label == label]
            for label in ("real", "fake")
        }
        line |= {f"flagged_{label}": round(float(np.mean(v)), 4) for label, v in flagged.items()}
        table[name] = line
        if name == "clean":
            test = line | {
                "cllr": measure.cllr(found, rows, platt["slope"], platt["offset"]),
                "by_source": measure.by_source(found, rows, threshold),
            }
    return {
        "leave_one_source_out": outside | {"folds": {f.name: sorted(f.sources) for f in FOLDS}},
        "test_split": test,
        "degraded_test_split": table,
        "taken_for_no_speech": measure.not_applicable_share(speech),
        "baselines": compared(speech),
    }


def compared(speech: Store) -> dict[str, Any]:
    """The plain opponents under the same two protocols, and the silence check."""
    rows = list(speech.rows)
    found: dict[str, Any] = {}
    mel = baselines.table(speech, baselines.mel_statistics)
    quiet = baselines.table(speech, baselines.silence)
    for name, values, origins in (
        ("mel statistics", mel, None),
        ("mel statistics, clips only", mel, {CLIP}),
        ("silence only", quiet, {CLIP}),
    ):
        outside: dict[int, float] = {}
        for fold in FOLDS:
            outside |= baselines.fitted_scores(
                values,
                rows,
                lambda row, fold=fold, origins=origins: (
                    not fold.holds_out(row.source) and (origins is None or row.origin in origins)
                ),
                lambda row, fold=fold: fold.holds_out(row.source),
            )
        split = baselines.fitted_scores(
            values,
            rows,
            lambda row, origins=origins: (
                row.split != "test" and (origins is None or row.origin in origins)
            ),
            lambda row: row.split == "test",
        )
        found[name] = {
            "leave_one_source_out": measure.summary(outside, rows),
            "test_split": measure.summary(split, rows),
        }
    return found


def as_text(card: dict[str, Any]) -> str:
    """The measured part for people."""
    lines = []
    measured = card["measured"]
    for name in ("leave_one_source_out", "test_split"):
        line = {k: v for k, v in measured[name].items() if not isinstance(v, dict)}
        lines.append(f"{name}: {line}")
        for source, entry in measured[name]["by_source"].items():
            lines.append(f"    {source:<28} flagged {entry['flagged']:.2f} of {entry['clips']}")
    lines += [f"{name:<14} {line}" for name, line in measured["degraded_test_split"].items()]
    lines += [f"{name}: {line}" for name, line in measured["baselines"].items()]
    lines.append(f"weights: {card['weights']}")
    lines.append(f"recipe: {asdict(loop.Recipe(**card['recipe']))}")
    return "\n".join(lines)
