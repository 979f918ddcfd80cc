"""From a raw score to a bounded likelihood ratio, and what it may decide.

A sound that does not fit the lips is something to look at. One that fits is no sign that the video
is genuine, because programs that make lips speak are built to make them fit. So half of what
manipulates is taken to fit as well as genuine speech does, and the ratio has a floor of one half.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ml.contract import Outcome
from ml.fusion.calibration import Calibration

CAP = 1.0
"""|log10 LR| goes no further: twenty-six speakers of one kind of broadcast carry no more."""
FITTING_FAKES = 0.5
"""Share of manipulations that are taken to fit as well as genuine speech. An assumption."""


@dataclass(frozen=True, slots=True)
class SyncCalibration:
    """The line for sound that belongs to somebody else, mixed with fakes that fit."""

    line: Calibration

    @classmethod
    def of(cls, card: Mapping[str, Any], entry: str = "used") -> SyncCalibration:
        told = dict(card["calibration"][entry])
        line = Calibration(**told)
        return cls(replace(line, cap=min(line.cap, CAP)))

    def log10_lr(self, score: float) -> float:
        return mixed(self.line.log10_lr(score))

    def log10_interval(self, score: float) -> tuple[float, float]:
        low, high = self.line.log10_interval(score)
        return mixed(low), mixed(high)

    def says(self, score: float) -> Outcome:
        """MANIPULATION_FOUND here means only: the sound does not fit these lips."""
        return self.line.says(score)


def mixed(log10_lr: float) -> float:
    return math.log10((1.0 - FITTING_FAKES) * 10.0**log10_lr + FITTING_FAKES)
