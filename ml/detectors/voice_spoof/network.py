"""The ear with its listeners as they are served, and their calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ml.detectors.voice_spoof import listeners
from ml.detectors.voice_spoof.calibration import VoiceCalibration
from ml.ear import network as ears
from ml.ear.hearing import Picture
from ml.serving import checked_weights, read_card

FOLDER = Path(__file__).parent
WEIGHTS = "listeners.npz"


class Hearing:
    """One logit a picture: the ear, as deep as its listeners ask, and what they say."""

    def __init__(self, layers: Sequence[listeners.Layer], ear: ears.Ear | None = None) -> None:
        self.layers = layers
        deepest = max(layer.number for layer in layers)
        self.ear = ear or ears.served(deepest)

    def logits(self, pictures: Sequence[Picture]) -> list[float]:
        if not pictures:
            return []
        heard = np.stack([ears.pooled(self.ear.hidden(picture)) for picture in pictures])
        return [float(value) for value in listeners.score(self.layers, heard)]


class Network(Hearing):
    """Loaded once a process, after it has forked."""

    def __init__(self, folder: Path = FOLDER, ear: ears.Ear | None = None) -> None:
        self.card = read_card(folder)
        content, self.sha256 = checked_weights(folder, self.card)
        super().__init__(listeners.opened(content), ear)
        self.calibration = VoiceCalibration.of(self.card)
