"""The network as it is served: LiteRT, float32, one thread, the same bits every time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.detectors.voice_spoof.calibration import Calibration

FOLDER = Path(__file__).parent
WEIGHTS = FOLDER / "voice_spoof.tflite"
CARD = FOLDER / "card.json"


class WeightsUnusable(Exception):
    """The weights are missing or are not the ones that the card describes."""


class Network:
    """Loaded once a process, after it has forked."""

    def __init__(self, weights: Path = WEIGHTS, card: Path = CARD) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            content = weights.read_bytes()
            self.card: dict[str, Any] = json.loads(card.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WeightsUnusable(f"The voice model cannot be read: {error}") from error
        self.sha256 = hashlib.sha256(content).hexdigest()
        if self.sha256 != self.card["weights"]["sha256"]:
            raise WeightsUnusable("The voice model's weights are not those that its card names.")
        self.calibration = Calibration(**self.card["calibration"]["platt"])
        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def logits(self, pictures: Sequence[NDArray[np.float32]]) -> list[float]:
        """One logit a picture."""
        found = []
        for picture in pictures:
            self._interpreter.set_tensor(self._input, picture[None])
            self._interpreter.invoke()
            found.append(float(self._interpreter.get_tensor(self._output)[0, 0]))
        return found
