"""Loads a trained network: float32, one thread, checked against its card.

The card (`card.json`) and the weights are in the detector's folder. Weights that are missing or do
not match the card are reported by name and never run.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine import runtimes

CARD = "card.json"


class WeightsUnusable(Exception):
    """The weights are missing or are not the ones that the card describes."""


class Served:
    """Loaded once a process, after it has forked. A detector of several networks has several
    entries of the form of `weights` in its card."""

    def __init__(self, folder: Path, entry: str = "weights") -> None:
        self.card = read_card(folder)
        content, self.sha256 = checked_weights(folder, self.card, entry)
        self._runtime = runtimes.chosen(content, folder / self.card[entry]["file"])

    @property
    def runtime(self) -> str:
        return self._runtime.name

    def __call__(self, picture: NDArray[np.float32]) -> runtimes.Outputs:
        """One picture through the network; its outputs by how many numbers each holds."""
        return self._runtime(picture)

    def logit(self, picture: NDArray[np.float32]) -> float:
        return float(self(picture)[1][0])


def read_card(folder: Path) -> dict[str, Any]:
    try:
        card: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsUnusable(f"The card of {folder.name} cannot be read: {error}") from error
    return card


def checked_weights(
    folder: Path, card: dict[str, Any], entry: str = "weights"
) -> tuple[bytes, str]:
    """The weights' content and digest, if they are those that the card names."""
    try:
        file = folder / card[entry]["file"]
        content = file.read_bytes()
    except (OSError, KeyError, TypeError) as error:
        raise WeightsUnusable(f"The weights of {folder.name} cannot be read: {error}") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != card[entry]["sha256"]:
        raise WeightsUnusable(f"{file.name} is not the file that the card of {folder.name} names.")
    return content, digest
