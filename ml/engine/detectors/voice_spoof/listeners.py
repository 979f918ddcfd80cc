"""The classifiers on the audio encoders: one for each layer.

Each standardises the features. It projects them on a few hundred directions and compares the result
with weighted examples, and it adds a weighted sum of all features. It consists of a few arrays;
`lab/voice/fitting.py` fits them.

The scores of an encoder's layers are averaged. A line turns each encoder's mean into a likelihood
ratio, and the score is the logarithm of the mean ratio. So an encoder that detects a machine is not
outvoted by one that does not.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
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
    """The kept directions, scaled so that distances do not grow with the number of features."""
    supports: Floats
    """Examples times what is kept."""
    votes: Floats
    weight: Floats
    """Of each standardised feature."""
    offset: float

    def __call__(self, features: Floats) -> NDArray[np.float64]:
        """Higher means more likely made by a machine; one number for each line."""
        standardised = standard(features, self.mean, self.spread)
        compared = gaussian_kernel(standardised @ self.directions.T, self.supports) @ self.votes
        return np.asarray(compared + standardised @ self.weight + self.offset, np.float64)


@dataclass(frozen=True)
class Layer:
    """One layer of an audio encoder and its classifier."""

    name: str
    """The encoder's name and the number of the layer."""
    listener: Listener

    @property
    def encoder_name(self) -> str:
        return encoder_name_of(self.name)

    def __call__(self, features: Mapping[str, Floats]) -> NDArray[np.float64]:
        """The features of its layer, a line each; one score a line out."""
        return self.listener(np.asarray(features[self.name], np.float32))


def encoder_name_of(layer: str) -> str:
    return layer.split()[0]


Line = tuple[float, float]
"""Slope and offset, from an encoder's mean to the natural logarithm of a likelihood ratio."""


@dataclass(frozen=True)
class Panel:
    """All layers in use, and how the encoders are combined."""

    layers: Sequence[Layer]
    lines: Mapping[str, Line]
    """By the encoder's name."""

    def __call__(self, features: Mapping[str, Floats]) -> NDArray[np.float64]:
        """One score for each line."""
        return together(means({layer.name: layer(features) for layer in self.layers}), self.lines)


def means(answers: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """The mean of each encoder's layers."""
    encoders = dict.fromkeys(encoder_name_of(name) for name in answers)
    return {
        encoder: np.mean(
            [answer for name, answer in answers.items() if encoder_name_of(name) == encoder], axis=0
        )
        for encoder in encoders
    }


def together(
    means: Mapping[str, NDArray[np.float64]], lines: Mapping[str, Line]
) -> NDArray[np.float64]:
    """The logarithm of the mean of the encoders' ratios."""
    ratios = [lines[encoder][0] * mean + lines[encoder][1] for encoder, mean in means.items()]
    return np.asarray(np.logaddexp.reduce(ratios) - np.log(len(ratios)), np.float64)


def standard(features: Floats, mean: Floats, spread: Floats) -> Floats:
    standardised: Floats = np.clip((features - mean) / spread, -FURTHEST, FURTHEST)
    return standardised


def gaussian_kernel(some: Floats, others: Floats) -> NDArray[np.float64]:
    """exp(-squared distance), the kernel; by one product, for speed."""
    squares = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None]
    distance = np.maximum(squares - 2 * some @ others.T, 0.0)
    return np.asarray(np.exp(-distance), np.float64)


# === As a file ===


LINE = "line"


def stored(panel: Panel) -> bytes:
    """The arrays as they are, but for directions and examples, which were rounded to float16 before
    anything was fitted on them."""
    kept: dict[str, NDArray[np.generic]] = {
        f"{encoder}/{LINE}": np.array(line, np.float64) for encoder, line in panel.lines.items()
    }
    for layer in panel.layers:
        for field in fields(Listener):
            value = np.asarray(getattr(layer.listener, field.name))
            half = field.name in ("directions", "supports")
            kept[f"{layer.name}/{field.name}"] = value.astype(np.float16) if half else value
    memory = io.BytesIO()
    np.savez(memory, **kept)  # type: ignore[arg-type]
    return memory.getvalue()


def opened(content: bytes) -> Panel:
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        parts = [name.split("/") for name in kept]
        layers = [
            Layer(
                name,
                Listener(
                    **{
                        field.name: np.asarray(kept[f"{name}/{field.name}"], np.float32)
                        for field in fields(Listener)
                        if field.name != "offset"
                    },
                    offset=float(kept[f"{name}/offset"]),
                ),
            )
            for name, part in parts
            if part == "offset"
        ]
        lines = {name: kept[f"{name}/{LINE}"] for name, part in parts if part == LINE}
        return Panel(
            layers, {encoder: (float(two[0]), float(two[1])) for encoder, two in lines.items()}
        )
