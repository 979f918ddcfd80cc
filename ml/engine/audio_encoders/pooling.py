"""Pools a layer's features of a sound into a vector of fixed length."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Samples

Array = NDArray[np.float32]
Numbers = dict[str, Array]
"""By the layer's name."""


class AudioEncoder(Protocol):
    """An audio encoder: the features of each of its layers for a sound at a common level."""

    def numbers(self, sound: Samples) -> Numbers: ...


def pooled(layer: Array) -> Array:
    """Moments x channels in; of every channel mean, spread and mean step from one moment to the
    next."""
    step = np.sqrt((np.diff(layer, axis=0) ** 2).mean(axis=0) + 1e-9)
    spread = np.sqrt(layer.var(axis=0) + 1e-9)
    return np.concatenate([layer.mean(axis=0), spread, step]).astype(np.float32)
