"""Turns a raw score into a bounded likelihood ratio, and limits what the detector may decide.

An engine that the classifiers were not trained on can score as people do. So half of the machine
speech is assumed to score like genuine speech, which gives the ratio a floor of one half: a voice
that does not stand out is no evidence that it is genuine.

There are two thresholds. Above the lower one the detector asks for a review; a few in a hundred
genuine recordings from unseen sources lie there. Above the higher one it decides; almost none do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from ml.engine.contract import Outcome
from ml.engine.fusion.calibration import AskingCalibration

CAP = 2.0
"""|log10 LR| goes no further: voice detectors are known to fail on sources they never met."""
PASSING_FAKES = 0.5
"""Share of made voices that are taken to pass as genuine ones do. An assumption."""


@dataclass(frozen=True, slots=True)
class VoiceCalibration(AskingCalibration):
    """The line for voices of engines that are known, mixed with those that pass."""

    decides_at: float = math.inf
    decides_alpha: float = 0.0
    """Share of genuine sounds above that bound."""
    genuine: int = 0
    """How many it was frozen on."""

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> Self:
        asking = cls.bounded(card, "used", cap=CAP, passing=PASSING_FAKES)
        decides = card["calibration"]["decides"]
        return replace(
            asking,
            decides_at=decides["at"],
            decides_alpha=decides["alpha"],
            genuine=decides["genuine"],
        )

    def asks(self, score: float) -> bool:
        return self.decides(score) or self.says(score) is Outcome.MANIPULATION_FOUND

    def decides(self, score: float) -> bool:
        return score >= self.decides_at
