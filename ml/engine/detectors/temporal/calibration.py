"""Turns a raw score into a bounded likelihood ratio, and limits what the detector may decide.

The detector was trained and calibrated on fakes that this project made, in which something is
always unstable. Good forgeries are stable. So half of the manipulated videos are assumed to score
as genuine faces do, which gives the ratio a floor of one half, and its ceiling is low.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml.engine.fusion.calibration import AskingCalibration

CAP = 0.5
"""|log10 LR| goes no further: no video that somebody else manipulated was measured."""
STEADY_FAKES = 0.5
"""Share of manipulations that are taken to be as steady as genuine faces. An assumption."""


def calibration(card: Mapping[str, Any]) -> AskingCalibration:
    """The line for faces put in frame by frame, mixed with fakes that are steady."""
    return AskingCalibration.bounded(card, "used", cap=CAP, passing=STEADY_FAKES)
