"""Runs the network: one score for a window of frame differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.engine.detectors.temporal.inputs import Window
from ml.engine.serving import Served

FOLDER = Path(__file__).parent

Logits = NDArray[np.float64]
Network = Callable[[Sequence[Window]], Logits]
"""Windows to logits, served or (in training) not."""


class ServedNetwork:
    """Loaded once a process, after it has forked."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._served = Served(folder)
        self.card, self.sha256 = self._served.card, self._served.sha256

    def __call__(self, windows: Sequence[Window]) -> Logits:
        return np.array([self._served.logit(window.values) for window in windows], np.float64)
