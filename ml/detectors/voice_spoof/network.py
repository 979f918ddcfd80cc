"""The voice network as it is served, with its calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.detectors.voice_spoof.calibration import VoiceCalibration
from ml.serving import CARD as CARD_NAME
from ml.serving import Served, WeightsUnusable

__all__ = ["CARD", "FOLDER", "WEIGHTS", "Network", "WeightsUnusable"]

FOLDER = Path(__file__).parent
WEIGHTS = FOLDER / "voice_spoof.tflite"
CARD = FOLDER / CARD_NAME


class Network(Served):
    """Loaded once a process, after it has forked."""

    def __init__(self, folder: Path = FOLDER) -> None:
        super().__init__(folder)
        self.calibration = VoiceCalibration.of(self.card)

    def logits(self, pictures: Sequence[NDArray[np.float32]]) -> list[float]:
        """One logit a picture."""
        return [self.logit(picture) for picture in pictures]
