"""Where a score lies between the two bounds of its check, and the bound of a timeline's lane."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
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
    """The height from which a stretch counts, between 0 and 1. None for findings of versions that
    did not keep it."""
    bound = (finding.get("parameters") or {}).get("segment_found_at")
    return float(bound) if isinstance(bound, int | float) else None
