"""From a raw score to a bounded likelihood ratio, and what it may decide.

An engine that the listeners never met can pass as people do. So half of what machines say is
taken to pass, the ratio has a floor of one half, and a voice that does not stand out is no sign
that it is genuine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml.engine.fusion.calibration import AskingCalibration

CAP = 1.0
"""|log10 LR| goes no further: voice detectors are known to fail on sources they never met."""
PASSING_FAKES = 0.5
"""Share of made voices that are taken to pass as genuine ones do. An assumption."""


def calibration(card: Mapping[str, Any]) -> AskingCalibration:
    """The line for voices of engines that are known, mixed with those that pass."""
    return AskingCalibration.bounded(card, "used", cap=CAP, passing=PASSING_FAKES)
