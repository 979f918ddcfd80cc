"""The conditions for clearing a file.

A check that finds nothing clears only what it was measured on. So a file is cleared only where
every check that `clearing.json` bounds ran and scored no higher than its bound, and none of the
other checks named there failed, because those can only object. `python -m lab.clearing` fixes the
bounds on fakes of unseen kinds and known kinds, and measures them on others.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.engine.contract import Finding, Kind, MediaInfo, Status

FILE = Path(__file__).with_name("clearing.json")


@dataclass(frozen=True, slots=True)
class Clearing:
    """For one kind of media."""

    at_most: Mapping[str, float] | None
    """For each check, the raw score up to which it does not prevent clearing; None if no bounds
    keep fakes from being cleared."""
    required: Sequence[str]
    """Checks without a bound. Each must have run, or have had nothing to judge."""
    looked_for: Sequence[str]
    """Kinds of manipulation of which hardly any was cleared when that was measured."""
    not_seen: Sequence[str]
    """Kinds of which more were cleared, or that were not measured."""
    quantiser_at_most: float | None = None
    """Videos that are compressed more strongly are never cleared; None: no limit."""

    def obstacle(self, media: MediaInfo) -> str:
        """The code of the sentence that says why this file cannot be cleared whatever the checks
        give; empty if nothing is in the way."""
        if self.at_most is None or self.quantiser_at_most is None:
            return ""
        if media.quantiser is None:
            return "verdict.compression_unknown"
        return "verdict.too_compressed" if media.quantiser > self.quantiser_at_most else ""

    def holds(self, findings: Sequence[Finding]) -> bool:
        if self.at_most is None:
            return False
        scores = {f.detector: f.score for f in findings if f.status is Status.RAN}
        found = [(scores.get(name), bound) for name, bound in self.at_most.items()]
        answered = {f.detector for f in findings if f.status is not Status.FAILED}
        low = all(score is not None and score <= bound for score, bound in found)
        return low and answered.issuperset(self.required)


def needed(kind: Kind) -> Clearing | None:
    """None where nothing was measured for this kind of media: then it is never cleared."""
    data = _read().get(str(kind))
    if data is None:
        return None
    return Clearing(
        data["at_most"],
        tuple(data["asked"]),
        tuple(data["looked_for"]),
        tuple(data["not_seen"]),
        data.get("quantiser_at_most"),
    )


@functools.cache
def _read() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return data
