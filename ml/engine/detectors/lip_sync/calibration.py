"""Turns a raw score into a bounded likelihood ratio, and limits what the detector may decide.

Sound that does not fit the lips is a reason for a review. Sound that fits is no evidence that the
video is genuine, because programs that animate lips are built to make them fit. So half of the
manipulated videos are assumed to fit as well as genuine speech does, which gives the ratio a floor
of one half.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml.engine.fusion.calibration import AskingCalibration

CAP = 1.0
"""|log10 LR| goes no further: twenty-six speakers of one kind of broadcast carry no more."""
FITTING_FAKES = 0.5
"""Share of manipulations that are taken to fit as well as genuine speech. An assumption."""


def calibration(card: Mapping[str, Any], entry: str = "used") -> AskingCalibration:
    """The line for sound that belongs to somebody else, mixed with fakes that fit."""
    return AskingCalibration.bounded(card, entry, cap=CAP, passing=FITTING_FAKES)
