"""From a raw logit to a bounded likelihood ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ml.fusion.calibration import probability

CAP = 1.0
"""|log10 LR| goes no further: voice detectors are known to fail on sources they never met."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt: natural log LR = slope * logit + offset, fitted on out-of-source scores."""

    slope: float
    offset: float
    threshold: float
    """Logit above which a file is flagged; fixed before the test was looked at."""

    def log10_lr(self, logit: float) -> float:
        value = (self.slope * logit + self.offset) / math.log(10)
        return max(-CAP, min(CAP, value))

    def probability(self, logit: float) -> float:
        return probability(self.log10_lr(logit))
