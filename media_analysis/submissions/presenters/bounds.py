"""Where a score lies between the two bounds of its check, and the bound of a timeline's lane."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ml.engine.fusion.calibration import AskingCalibration, Calibration, probability
from ml.engine.manifest import card_of

Json = Mapping[str, Any]
OF_A_MOMENT = {"lip_sync": "of_a_moment"}
"""Checks whose stretches have a calibration of their own, and its entry in the card."""
THIRD = 100 / 3


def scale(finding: Json) -> dict[str, Any] | None:
    """For a drawing of three equal parts: up to the lower bound, between, from the upper bound on.
    A check without a lower bound never clears, and its drawing has two parts."""
    score, parameters = finding.get("score"), finding.get("parameters") or {}
    found, clear = parameters.get("found_at"), parameters.get("clear_at")
    if score is None or found is None:
        return None
    if clear is None or clear >= found:
        return {
            "clear": None,
            "found": 50.0,
            "place": _squeezed(score - found, 50.0, 50.0),
            "side": "found" if score >= found else "between",
        }
    width = found - clear
    if score >= found:
        place, side = _squeezed((score - found) / width, 2 * THIRD, THIRD), "found"
    elif score <= clear:
        place, side = _squeezed((score - clear) / width, THIRD, THIRD), "clear"
    else:
        place, side = THIRD + THIRD * (score - clear) / width, "between"
    return {"clear": round(THIRD, 2), "found": round(2 * THIRD, 2), "place": round(place, 2),
            "side": side}  # fmt: skip


def _squeezed(over: float, bound: float, room: float) -> float:
    """However far beyond its bound, a score stays on the drawing."""
    return round(bound + room * math.tanh(over / 2), 2)


def lane_bound(finding: Json) -> float | None:
    """The height from which a stretch counts, between 0 and 1. None when the check that is
    installed now is not the one that scored, because its bound would be another's."""
    detector, parameters = finding["detector"], finding.get("parameters") or {}
    calibration: Json = card_of(detector).get("calibration") or {}
    used: Json = calibration.get("used") or {}
    if not used or not _same(parameters.get("found_at"), used.get("found_at")):
        return None
    entry = calibration.get(OF_A_MOMENT.get(detector, "used")) or used
    if "found_at" not in entry:
        return None
    line = Calibration(**entry)
    line = replace(line, cap=min(line.cap, calibration.get("cap_log10_lr", line.cap)))
    passing = next((v for name, v in calibration.items() if name.endswith("_fakes_assumed")), None)
    if passing is None:
        return round(probability(line.log10_lr(line.found_at)), 4)
    return round(probability(AskingCalibration(line, passing).log10_lr(line.found_at)), 4)


def _same(one: Any, other: Any) -> bool:
    return isinstance(one, int | float) and isinstance(other, int | float) and one == other
