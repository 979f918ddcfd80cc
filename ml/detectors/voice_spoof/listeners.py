"""What stands on the ear: for each layer asked, a plain classifier of what that layer heard.

Numbers of unit spread, a few hundred directions of them, and how alike that is to examples that
each have a vote. It is a handful of arrays; how they are found is `ml/training/sound/fitting.py`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

FURTHEST = 8.0
"""Spreads from the mean, beyond which a number says no more."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Listener:
    mean: Floats
    spread: Floats
    directions: Floats
    """What is kept, times what is heard; so long that distances do not grow with the numbers."""
    supports: Floats
    """Examples times what is kept."""
    votes: Floats
    offset: float

    def __call__(self, heard: Floats) -> NDArray[np.float64]:
        """Higher means more likely made by a machine; one number for each line."""
        kept = standard(heard, self.mean, self.spread) @ self.directions.T
        return alike(kept, self.supports) @ self.votes.astype(np.float64) + self.offset


@dataclass(frozen=True)
class Layer:
    """One layer of the ear and the listener that stands on it."""

    number: int
    listener: Listener

    def __call__(self, heard: Floats) -> NDArray[np.float64]:
        """Lines x layers x numbers in, one score a line out."""
        return self.listener(np.asarray(heard[:, self.number], np.float32))


def score(layers: Sequence[Layer], heard: Floats) -> NDArray[np.float64]:
    """The mean of what the layers' listeners say, one number for each line."""
    return np.mean([layer(heard) for layer in layers], axis=0)


def standard(heard: Floats, mean: Floats, spread: Floats) -> Floats:
    return np.clip((heard - mean) / spread, -FURTHEST, FURTHEST)


def alike(some: Floats, others: Floats) -> NDArray[np.float64]:
    """exp(-squared distance), the kernel; by one product, for speed."""
    squares = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None]
    distance = np.maximum(squares - 2 * some @ others.T, 0.0)
    return np.asarray(np.exp(-distance), np.float64)


# === As a file ===


def stored(layers: Sequence[Layer]) -> bytes:
    """The arrays as they are, but for directions and examples, which were rounded to float16 before
    anything was fitted on them."""
    kept: dict[str, NDArray[np.generic]] = {}
    for layer in layers:
        for field in fields(Listener):
            value = np.asarray(getattr(layer.listener, field.name))
            half = field.name in ("directions", "supports")
            kept[f"{layer.number} {field.name}"] = value.astype(np.float16) if half else value
    memory = io.BytesIO()
    np.savez(memory, **kept)  # type: ignore[arg-type]
    return memory.getvalue()


def opened(content: bytes) -> list[Layer]:
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        numbers = sorted({int(name.split()[0]) for name in kept})
        return [
            Layer(
                number,
                Listener(
                    **{
                        field.name: np.asarray(kept[f"{number} {field.name}"], np.float32)
                        for field in fields(Listener)
                        if field.name != "offset"
                    },
                    offset=float(kept[f"{number} offset"]),
                ),
            )
            for number in numbers
        ]
