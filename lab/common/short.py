"""Runs short trainings: seeded by the caller, with a fixed number of steps, one learning-rate
schedule, and the weights of the last step. If a folder already contains this very training, it is
loaded instead of repeated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

RECIPE, LOSSES = "recipe.json", "losses.json"

Watch = Callable[[Iterable[int]], Iterable[int]]
Settings = dict[str, Any]


class Recipe(Protocol):
    @property
    def steps(self) -> int: ...
    @property
    def rate(self) -> float: ...
    @property
    def decay(self) -> float: ...


class SeededRecipe(Recipe, Protocol):
    @property
    def seed(self) -> int: ...


def learning_rate(step: int, recipe: Recipe) -> float:
    """Up for a tenth of the way, then down along a cosine."""
    warm = max(1, recipe.steps // 10)
    if step < warm:
        return recipe.rate * (step + 1) / warm
    share = (step - warm) / (recipe.steps - warm)
    return float(recipe.rate * 0.5 * (1 + np.cos(np.pi * share)))


def optimizer(recipe: Recipe, **more: Any) -> keras.optimizers.Optimizer:
    return keras.optimizers.AdamW(recipe.rate, weight_decay=recipe.decay, clipnorm=2.0, **more)


def losses(
    network: keras.Model, batches: Iterator[tuple[Any, Any]], recipe: Recipe, watch: Watch
) -> list[float]:
    """One batch a step; raises FloatingPointError before anything of a broken run is kept."""
    found: list[float] = []
    for step in watch(range(recipe.steps)):
        network.optimizer.learning_rate = learning_rate(step, recipe)
        network.reset_metrics()  # Keras would otherwise answer with the mean of all steps so far
        found.append(float(np.ravel(network.train_on_batch(*next(batches)))[0]))
        if not np.isfinite(found[-1]):
            raise FloatingPointError(f"The loss is not finite at step {step}; nothing was kept.")
    return found


def train(
    folder: Path,
    settings: Settings,
    recipe: SeededRecipe,
    *,
    make: Callable[[], tuple[keras.Model, Iterator[tuple[Any, Any]]]],
    save: Callable[[keras.Model], None],
    watch: Watch,
) -> None:
    """Unless the folder holds this very training: `make` gives the network, compiled, with its
    batches, and `save` writes the weights of the last step into the folder."""
    if holds(folder, settings):
        return
    keras.utils.set_random_seed(recipe.seed)
    network, batches = make()
    found = losses(network, batches, recipe, watch)
    folder.mkdir(parents=True, exist_ok=True)
    save(network)
    keep(folder, settings, found)


def holds(folder: Path, settings: Settings) -> bool:
    """Whether the folder contains this training. The recipe is written last."""
    file = folder / RECIPE
    return file.exists() and bool(json.loads(file.read_text()) == settings)


def keep(folder: Path, settings: Settings, losses_of: list[float]) -> None:
    """After the weights: a folder without its recipe holds nothing."""
    (folder / LOSSES).write_text(json.dumps([round(loss, 4) for loss in losses_of]))
    (folder / RECIPE).write_text(json.dumps(settings))
