"""Figures of an evaluation written into the cards of the detectors: none is typed by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ml.engine.detectors

CARD = "card.json"
DIGITS = 4
LEFT_OUT = ("cells", "scale")
"""Of the robustness: a card is for reading; `evaluation.json` has every cell."""


class CardRefused(ValueError):
    """There is no such card, or nothing was measured that could stand in it."""


def fill(
    report: Mapping[str, Any], names: Sequence[str] | None = None, folder: Path | None = None
) -> list[Path]:
    """Write what `report` (an evaluation's JSON) says of these detectors, or of all whose score is
    one of manipulation, into their cards. An earlier entry of the same manifest and split is
    replaced."""
    measured = report["detectors"]
    chosen = [name for name, found in measured.items() if found["scored"]]
    for name in names or ():
        if name not in measured:
            raise CardRefused(f"The evaluation says nothing of {name!r}.")
        if name not in chosen:
            raise CardRefused(f"{name} gave no score in this evaluation; its card stays as it is.")
    paths = {name: _path(name, folder) for name in (chosen if names is None else names)}
    read = {name: _read(path, name) for name, path in paths.items()}
    return [
        _fill(report, name, paths[name], card)
        for name, card in read.items()
        if names is not None or card.get("probability", ...) is not None
    ]


def _path(name: str, folder: Path | None) -> Path:
    return (folder or Path(ml.engine.detectors.__file__).parent) / name / CARD


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise CardRefused(f"The card of {name} cannot be read: {error}.") from error


def _fill(report: Mapping[str, Any], name: str, path: Path, card: dict[str, Any]) -> Path:
    before = card.get("metrics")
    kept = before.get("evaluations", []) if isinstance(before, dict) else []
    place = report["manifest"], report["split"]
    entries = [entry for entry in kept if (entry["manifest"], entry["split"]) != place]
    entries.append(_entry(report, name))
    note = {"note": before} if isinstance(before, str) else {}
    if isinstance(before, dict) and "note" in before:
        note = {"note": before["note"]}
    card["metrics"] = note | {"command": "manage.py evaluate", "evaluations": entries}
    path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _entry(report: Mapping[str, Any], name: str) -> dict[str, Any]:
    entry = {key: report[key] for key in ("manifest", "split", "made", "engine_version")}
    entry["figures"] = rounded(report["detectors"][name])
    if robust := report.get("robustness"):
        kept = {key: value for key, value in robust[name].items() if key not in LEFT_OUT}
        entry["robustness"] = rounded({"items": robust["items"], **kept})
    return entry


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return round(value, DIGITS) if isinstance(value, float) else value
