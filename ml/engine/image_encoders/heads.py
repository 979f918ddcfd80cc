"""One logit from an encoder's features: a linear layer trained for a check, stored next to its
card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.serving import WeightsUnusable, checked_weights

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Head:
    """One logit from the features of one crop."""

    weight: Floats
    bias: float

    def __call__(self, features: Floats) -> float:
        return float(features @ self.weight) + self.bias


def read_head(folder: Path, card: dict[str, Any]) -> Head:
    checked_weights(folder, card, "head")
    try:
        with np.load(folder / card["head"]["file"]) as stored:
            return Head(stored["weight"].astype(np.float32), float(stored["bias"]))
    except (KeyError, ValueError) as error:
        raise WeightsUnusable(f"The head of {folder.name} cannot be read: {error}") from error
