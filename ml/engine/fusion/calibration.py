"""Turns a raw score into a likelihood ratio with its spread, and says whether it decides.

The numbers come from the detector's card, written when its weights were released. `found_at` and
`clear_at` are split-conformal bounds: at most `found_alpha` of genuine calibration items score as
high, and at most `clear_alpha` of manipulated ones as low. Between them, or where the item is
unlike both classes, nothing is decided. The guarantee holds only for items like those used for
calibration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from ml.engine.contract import Outcome


@dataclass(frozen=True, slots=True)
class Calibration:
    slope: float
    offset: float
    cap: float
    """log10 of the largest ratio that the calibration set can carry."""
    found_at: float
    """Raw score from which on the item counts as manipulated."""
    clear_at: float
    """Raw score up to which nothing is found."""
    found_alpha: float
    clear_alpha: float
    reals: int
    fakes: int
    lines: Sequence[Sequence[float]] = ()
    """(slope, offset) of the same fit on resampled groups: how far the line itself is known."""

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> Calibration:
        return cls(**card["calibration"]["used"])

    def log10_lr(self, score: float) -> float:
        return self._capped(self.slope * score + self.offset)

    def log10_interval(self, score: float) -> tuple[float, float]:
        """The middle 95 % of what the resampled lines say."""
        if not self.lines:
            return (self.log10_lr(score),) * 2
        ratios = [self._capped(slope * score + offset) for slope, offset in self.lines]
        low, high = np.quantile(ratios, [0.025, 0.975])
        return float(low), float(high)

    def _capped(self, value: float) -> float:
        return float(min(max(value, -self.cap), self.cap))

    def says(self, score: float) -> Outcome:
        found, clear = score >= self.found_at, score <= self.clear_at
        if found and not clear:
            return Outcome.MANIPULATION_FOUND
        if clear and not found:
            return Outcome.NO_MANIPULATION_FOUND
        return Outcome.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class AskingCalibration:
    """For a check that can ask but never clear: a share of manipulations is assumed to pass it like
    genuine files, so its ratio never falls below that share."""

    line: Calibration
    passing: float

    @classmethod
    def bounded(cls, card: Mapping[str, Any], entry: str, *, cap: float, passing: float) -> Self:
        line = Calibration(**card["calibration"][entry])
        return cls(replace(line, cap=min(line.cap, cap)), passing)

    @property
    def found_at(self) -> float:
        return self.line.found_at

    def log10_lr(self, score: float) -> float:
        return mixed(self.line.log10_lr(score), self.passing)

    def log10_interval(self, score: float) -> tuple[float, float]:
        low, high = self.line.log10_interval(score)
        return mixed(low, self.passing), mixed(high, self.passing)

    def says(self, score: float) -> Outcome:
        """MANIPULATION_FOUND means only that the check has something to ask."""
        return self.line.says(score)


def mixed(log10_lr: float, passing: float) -> float:
    return math.log10((1.0 - passing) * 10.0**log10_lr + passing)


def mean_ratio(log10_ratios: Sequence[float]) -> float:
    """log10 of the mean ratio."""
    highest = max(log10_ratios)
    total = sum(10.0 ** (value - highest) for value in log10_ratios)
    return highest + math.log10(total / len(log10_ratios))


def segment_probability(calibration: Calibration | AskingCalibration, score: float) -> float:
    """Of one segment of a timeline, as findings keep it."""
    return round(probability(calibration.log10_lr(score)), 4)


def segment_bound(
    calibration: Calibration | AskingCalibration, segments: Sequence[object]
) -> dict[str, float]:
    """The probability from which a segment counts, as findings keep it: the card may change."""
    found_at = segment_probability(calibration, calibration.found_at)
    return {"segment_found_at": found_at} if segments else {}


def probability(log10_lr: float) -> float:
    """With even odds beforehand, which is what every probability here is given."""
    return float(1.0 / (1.0 + 10.0**-log10_lr))
