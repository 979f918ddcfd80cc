"""Runs the audio encoders with their classifiers, and holds their calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ml.engine.audio_encoders import speakers
from ml.engine.audio_encoders import whisper as words
from ml.engine.audio_encoders.pooling import AudioEncoder, Numbers
from ml.engine.contract import Samples, no_progress
from ml.engine.detectors.voice_spoof import listeners
from ml.engine.detectors.voice_spoof.calibration import VoiceCalibration
from ml.engine.serving import checked_weights, read_card

FOLDER = Path(__file__).parent
WEIGHTS = "listeners.npz"


class Hearing:
    """One logit per window: the encoders, as deep as their classifiers need, and their results."""

    def __init__(self, panel: listeners.Panel, encoders: Sequence[AudioEncoder] = ()) -> None:
        self.panel = panel
        self.encoders = encoders or _needed_encoders(panel)

    def logits(
        self, sounds: Sequence[Samples], advance: Callable[[float], None] = no_progress
    ) -> list[float]:
        """The features of windows of speech, all at one level."""
        if not sounds:
            return []
        features = []
        for number, sound in enumerate(sounds, 1):
            features.append(self._features(sound))
            advance(number / len(sounds))
        lines = {
            layer.name: np.stack([one[layer.name] for one in features])
            for layer in self.panel.layers
        }
        return [float(value) for value in self.panel(lines)]

    def _features(self, sound: Samples) -> Numbers:
        return {
            name: line for encoder in self.encoders for name, line in encoder.numbers(sound).items()
        }


def _needed_encoders(panel: listeners.Panel) -> list[AudioEncoder]:
    """The audio encoders of the classifiers; the word encoder as deep as they need."""
    deep = [
        int(layer.name.split()[1]) for layer in panel.layers if layer.encoder_name == words.WORDS
    ]
    found: list[AudioEncoder] = [words.served(max(deep))] if deep else []
    if any(layer.encoder_name == speakers.SPEAKERS for layer in panel.layers):
        found.append(speakers.served())
    return found


class Network(Hearing):
    """Loaded once a process, after it has forked."""

    def __init__(self, folder: Path = FOLDER, encoders: Sequence[AudioEncoder] = ()) -> None:
        self.card = read_card(folder)
        content, self.sha256 = checked_weights(folder, self.card)
        super().__init__(listeners.opened(content), encoders)
        self.calibration = VoiceCalibration.of(self.card)
