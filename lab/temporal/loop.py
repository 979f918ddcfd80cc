"""The training loop: seeded, with its length and the choice of the checkpoint (the last weights)
fixed beforehand. Nothing is selected by its score."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lab.common import short
from lab.common.ahead import ahead
from lab.temporal import model
from lab.temporal.data import Example
from ml.engine.detectors.temporal.inputs import Window, windows
from ml.engine.detectors.temporal.network import Logits, Network
from ml.engine.media.motion import CHANNELS, mirrored

WEIGHTS = "temporal.weights.h5"


@dataclass(frozen=True, slots=True)
class Recipe:
    steps: int = 900
    windows: int = 96
    """In a batch, half of them of fakes."""
    width: int = 24
    dropout: float = 0.2
    rate: float = 2e-3
    decay: float = 1e-2
    noise: float = 0.01
    seed: int = 1


class Draw:
    """Windows by turns: first real or fake, then a speaker, then one of his clips."""

    def __init__(self, examples: Sequence[Example], recipe: Recipe) -> None:
        self.recipe = recipe
        self._rows: list[NDArray[np.float32]] = []
        self._by: dict[tuple[bool, str], list[int]] = {}
        for example in examples:
            seen = windows(example.signals)
            if not seen:
                continue
            key = (example.variant.fake, example.clip.speaker)
            self._by.setdefault(key, []).append(len(self._rows))
            self._rows.append(np.stack([window.values for window in seen]))
        self._speakers = {
            fake: sorted(speaker for is_fake, speaker in self._by if is_fake is fake)
            for fake in (False, True)
        }

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        random = np.random.default_rng([self.recipe.seed, step])
        rows, labels = [], []
        for number in range(self.recipe.windows):
            fake = number % 2 == 1
            speaker = str(random.choice(self._speakers[fake]))
            own = self._rows[int(random.choice(self._by[fake, speaker]))]
            values = own[int(random.integers(len(own)))]
            if random.random() < 0.5:
                values = turned(values)
            rows.append(values)
            labels.append(float(fake))
        values = np.stack(rows)
        values = values + random.normal(0, self.recipe.noise, values.shape).astype(np.float32)
        return values, np.array(labels, np.float32)[:, None]


def turned(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A window of the same face left to right."""
    signals = mirrored(values[..., : len(CHANNELS)])
    return np.concatenate([signals, values[..., len(CHANNELS) :]], axis=-1)


def train(
    examples: Sequence[Example],
    folder: Path,
    recipe: Recipe,
    *,
    watch: short.Watch = lambda steps: steps,
) -> Any:
    """The trained network; only opened when the folder holds this very training."""

    def make() -> tuple[Any, Any]:
        net = model.network(width=recipe.width, dropout=recipe.dropout)
        net.compile(
            optimizer=short.optimizer(recipe),
            loss=keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.05),
            jit_compile=False,
        )
        return net, ahead(Draw(examples, recipe).batch, 0, recipe.steps)

    settings = {**asdict(recipe), "examples": len(examples)}
    short.train(
        folder,
        settings,
        recipe,
        make=make,
        save=lambda net: net.save_weights(folder / WEIGHTS),
        watch=watch,
    )
    net = model.network(width=recipe.width, dropout=recipe.dropout)
    net.load_weights(folder / WEIGHTS)
    return net


def served_by(net: Any) -> Network:
    """A Keras network in the place of a served one."""

    def logits(seen: Sequence[Window]) -> Logits:
        values = np.stack([window.values for window in seen])
        return np.asarray(net.predict_on_batch(values), np.float64).reshape(-1)

    return logits


def scores(network: Network, examples: Sequence[Example]) -> list[float | None]:
    """As the detector scores one face: the mean of its windows. None where there is none."""
    seen = [windows(example.signals) for example in examples]
    flat = [window for own in seen for window in own]
    logits = np.concatenate([network(flat[n : n + 4096]) for n in range(0, len(flat), 4096)])
    found: list[float | None] = []
    place = 0
    for own in seen:
        found.append(float(np.mean(logits[place : place + len(own)])) if own else None)
        place += len(own)
    return found


Scorer = Callable[[Sequence[Example]], "list[float | None]"]


def scorer(network: Network) -> Scorer:
    return functools.partial(scores, network)
