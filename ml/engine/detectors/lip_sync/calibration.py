"""From a raw score to a bounded likelihood ratio, and what it may decide.

A sound that does not fit the lips is something to look at. One that fits is no sign that the video
is genuine, because programs that make lips speak are built to make them fit. So half of what
manipulates is taken to fit as well as genuine speech does, and the ratio has a floor of one half.
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
