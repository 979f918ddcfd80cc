"""The training loop: seeded, resumable, its checkpoint rule fixed beforehand (the last averaged
weights, never the best ones).

Half of a batch is real. The other half is vocoded copies of those very clips (so that voice, words
and channel cancel) and fakes of whole systems. Sources are drawn by the root of their size. A batch
depends on seed and step alone, so a run that was stopped goes on exactly where it was.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from ml.detectors.voice_spoof import windows
from ml.training import short
from ml.training.sound import model as models
from ml.training.sound.pictures import Pictures, shaken
from ml.training.sound.store import VOCODED, Row


@dataclass(frozen=True, slots=True)
class Recipe:
    steps: int = 400
    reals: int = 16
    vocoded: int = 6
    crop: int = 160
    rate: float = 3e-3
    decay: float = 1e-2
    averaging: float = 0.98
    settling: int = 60
    smoothing: float = 0.03
    degraded: float = 0.4
    seed: int = 1


WEIGHTS = "weights.weights.h5"


class Draw:
    """Batches for the rows that training may see."""

    def __init__(self, pictures: Pictures, may_see: Callable[[Row], bool], recipe: Recipe) -> None:
        self.pictures, self.recipe = pictures, recipe
        self.versions: dict[tuple[int, bool], int] = {
            (int(row), bool(flag)): place
            for place, (row, flag) in enumerate(
                zip(pictures.row, pictures.is_degraded, strict=True)
            )
        }
        rows = pictures.rows
        seen = [n for n, row in enumerate(rows) if may_see(row)]
        self.real = [n for n in seen if not rows[n].is_fake]
        self.fake = [n for n in seen if rows[n].is_fake and rows[n].origin != VOCODED]
        self.copies: dict[int, list[int]] = {}
        for n in seen:
            if rows[n].origin == VOCODED:
                self.copies.setdefault(rows[n].parent, []).append(n)
        self.with_copies = [n for n in self.real if n in self.copies]
        if not self.real or not self.fake:
            raise ValueError("Training needs real and fake speech.")

    def _weights(self, numbers: list[int]) -> NDArray[np.float64]:
        sources = [self.pictures.rows[n].source for n in numbers]
        sizes = Counter(sources)
        weights = np.array([sizes[source] ** -0.5 for source in sources])
        return weights / weights.sum()

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        recipe = self.recipe
        rng = np.random.default_rng([recipe.seed, step])
        pairs = rng.choice(
            self.with_copies or self.real,
            recipe.vocoded,
            p=self._weights(self.with_copies or self.real),
        )
        others = rng.choice(self.real, recipe.reals - recipe.vocoded, p=self._weights(self.real))
        systems = rng.choice(self.fake, recipe.reals - recipe.vocoded, p=self._weights(self.fake))
        copies = [int(rng.choice(self.copies.get(int(n), [int(n)]))) for n in pairs]
        numbers = [*pairs, *others, *copies, *systems]
        crops = [self._crop(int(n), rng) for n in numbers]
        labels = [float(self.pictures.rows[int(n)].is_fake) for n in numbers]
        return np.stack(crops), np.array(labels, np.float32)[:, None]

    def _crop(self, number: int, rng: np.random.Generator) -> NDArray[np.float32]:
        wanted = bool(rng.random() < self.recipe.degraded)
        place = self.versions.get((number, wanted), self.versions[number, False])
        whole = self.pictures.logs[place]
        start = int(rng.integers(0, len(whole) - self.recipe.crop + 1))
        piece = np.asarray(whole[start : start + self.recipe.crop])
        return windows.without_channel(shaken(piece, rng))


def train(
    pictures: Pictures,
    may_see: Callable[[Row], bool],
    folder: Path,
    recipe: Recipe,
    *,
    watch: short.Watch = lambda steps: steps,
    save_every: int = 100,
) -> keras.Model:
    """A trained network with fixed window length; opened instead when the folder holds it."""
    done = folder / WEIGHTS
    if short.holds(folder, asdict(recipe)):
        network = models.build()
        network.load_weights(done)
        return network
    draw = Draw(pictures, may_see, recipe)
    keras.utils.set_random_seed(recipe.seed)
    part = folder / "part"
    network, first = _begun_or_resumed(part, recipe)
    losses: list[float] = []
    for step in watch(range(first, recipe.steps)):
        network.optimizer.learning_rate = short.learning_rate(step, recipe)
        network.reset_metrics()  # Keras would otherwise answer with the mean of all steps so far
        losses.append(float(network.train_on_batch(*draw.batch(step))))
        if (step + 1) % save_every == 0 and step + 1 < recipe.steps:
            _save_part(network, part, step + 1, recipe)
    if not np.isfinite(losses).all():
        raise FloatingPointError("The loss is not finite; nothing was kept.")
    network.optimizer.finalize_variable_values(network.trainable_variables)
    for step in range(recipe.settling):
        # The averaged weights never saw a batch: their normalisation is measured on some.
        network(draw.batch(recipe.steps + step)[0], training=True)
    whole = models.build()
    whole.set_weights(network.get_weights())
    folder.mkdir(parents=True, exist_ok=True)
    whole.save_weights(done)
    short.keep(folder, asdict(recipe), losses)
    shutil.rmtree(part, ignore_errors=True)
    return whole


def _begun_or_resumed(part: Path, recipe: Recipe) -> tuple[keras.Model, int]:
    state = part / "state.json"
    if state.exists():
        told = json.loads(state.read_text())
        if told["recipe"] == asdict(recipe):
            return keras.saving.load_model(part / f"{told['step']}.keras"), told["step"]
    network = models.build(frames=recipe.crop)
    network.compile(
        optimizer=short.optimizer(
            recipe,
            use_ema=True,
            ema_momentum=recipe.averaging,
            ema_overwrite_frequency=None,
        ),
        loss=keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=recipe.smoothing),
        jit_compile=False,
    )
    return network, 0


def _save_part(network: keras.Model, part: Path, step: int, recipe: Recipe) -> None:
    part.mkdir(parents=True, exist_ok=True)
    network.save(part / f"{step}.keras")
    partial = part / "state.part"
    partial.write_text(json.dumps({"step": step, "recipe": asdict(recipe)}))
    partial.rename(part / "state.json")
    for old in part.glob("*.keras"):
        if old.stem != str(step):
            old.unlink()


def score(network: keras.Model, pictures: NDArray[np.float32], size: int = 32) -> NDArray:
    """Logits of windows.picture arrays."""
    logits = [
        np.asarray(network(pictures[k : k + size], training=False))[:, 0]
        for k in range(0, len(pictures), size)
    ]
    return np.concatenate(logits) if logits else np.zeros(0, np.float32)
