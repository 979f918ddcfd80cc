"""Checks that every detector's findings are well formed."""

from __future__ import annotations

import math

from ml.engine.contract import Detector, Finding


class NotANumber(ValueError):
    """A detector answered with NaN or infinity, or with a probability beyond 0 and 1."""


def checked(detector: Detector, finding: Finding) -> Finding:
    numbers = (finding.score, finding.probability_manipulated, finding.log10_lr)
    if any(n is not None and not math.isfinite(n) for n in numbers):
        raise NotANumber
    probability = finding.probability_manipulated
    if probability is not None and not 0.0 <= probability <= 1.0:
        raise NotANumber
    if (finding.detector, finding.version) != (detector.name, detector.version):
        raise ValueError("a finding in another detector's name")
    return finding
