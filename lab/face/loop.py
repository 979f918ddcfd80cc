"""The training loop: seeded, resumable, with a checkpoint rule that is fixed beforehand.

The result is the average of the weights over the last steps (an exponential moving average), never
the best of several checkpoints. A batch depends on seed and step alone, so that a checkpoint of
weights, optimiser, average and step suffices to continue an interrupted run.
"""

from __future__ import annotations

import csv
import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lab.common.ahead import ahead
from lab.common.short import Watch
from lab.face.batches import Batch, Pool
from lab.face.config import FaceConfig
from lab.face.face_net import as_input, only_heads_learn
from lab.face.lite0 import BACKBONE, load_imagenet, normalised
from lab.face.networks import NETWORKS

CONFIG, CHECKPOINT, WEIGHTS, LOG = "config.json", "checkpoint.npz", "weights.npz", "log.csv"

Network = Callable[[int], keras.Model]


class CannotResume(ValueError):
    """The run's folder and what was asked for do not fit together."""


class Training:
    """A run in progress: the network, its optimiser, the averaged weights, and the next step."""

    def __init__(
        self,
        config: FaceConfig,
        imagenet: dict[str, NDArray[Any]] | None,
        network: Network | None = None,
    ) -> None:
        keras.utils.set_random_seed(config.seed)
        self.config, self.step = config, 0
        self.model = (network or NETWORKS[config.network])(config.side)
        if imagenet is not None:
            load_imagenet(self.model, imagenet)
        self.average = [np.array(value) for value in self.model.get_weights()]
        self._compile()

    def _compile(self) -> None:
        """Anew for each of the two phases: heads alone first, then everything."""
        only_heads_learn(self.model, self.step < self.config.head_steps)
        optimizer = keras.optimizers.AdamW(
            self.config.rate, weight_decay=self.config.weight_decay, clipnorm=5.0
        )
        self.model.compile(
            optimizer=optimizer,
            loss={
                "logit": keras.losses.BinaryCrossentropy(
                    from_logits=True, label_smoothing=self.config.smoothing
                ),
                "map": keras.losses.BinaryCrossentropy(from_logits=True),
            },
            loss_weights={"logit": 1.0, "map": self.config.mask_weight},
            jit_compile=False,  # XLA makes convolutions slower on a CPU
        )
        optimizer.build(self.model.trainable_variables)

    def learn(self, batch: Batch) -> float:
        """One step; returns the loss of this batch."""
        if self.step == self.config.head_steps:
            self._compile()
        self.model.optimizer.learning_rate = self.config.learning_rate(self.step)
        self.model.reset_metrics()  # Keras would otherwise answer with the mean of all steps
        with self._uphill():
            loss = self.model.train_on_batch(
                as_input(normalised(batch.pixels)),
                {"logit": batch.labels, "map": batch.maps},
                sample_weight={"logit": batch.weights, "map": batch.map_weights},
            )
        self.step += 1
        keep = min(self.config.ema, (1 + self.step) / (10 + self.step))
        for mean, value in zip(self.average, self.model.get_weights(), strict=True):
            mean += (1.0 - keep) * (value - mean)
        return float(np.ravel(loss)[0])

    @contextmanager
    def _uphill(self) -> Iterator[None]:
        """Meanwhile the weights stand as far uphill as the settings say. Which way is up the
        optimiser's mean gradient tells, which a checkpoint holds anyway."""
        if not self.config.uphill or self.step < self.config.head_steps:
            yield
            return
        gradients = [_numpy(mean) for mean in self.model.optimizer._momentums]
        length = float(np.sqrt(sum(float((g.astype(np.float64) ** 2).sum()) for g in gradients)))
        scale = self.config.uphill / (length + 1e-12)
        steps = [scale * g for g in gradients]
        for place, step in zip(self.model.trainable_variables, steps, strict=True):
            place.assign_add(step)
        yield
        for place, step in zip(self.model.trainable_variables, steps, strict=True):
            place.assign_sub(step)

    # --- checkpoints ---

    def save(self, file: Path) -> None:
        """All at once or not at all: a run that dies while saving keeps its earlier checkpoint."""
        groups = {
            "variable": [_numpy(v) for v in self.model.variables],
            "optimizer": [_numpy(v) for v in self.model.optimizer.variables],
            "average": self.average,
        }
        arrays = {f"{g}{n:04}": a for g, group in groups.items() for n, a in enumerate(group)}
        part = file.with_suffix(".part")
        with part.open("wb") as target:
            np.savez(target, step=self.step, **arrays)  # type: ignore[arg-type]
        part.replace(file)

    def load(self, file: Path) -> None:
        with np.load(file) as arrays:
            self.step = int(arrays["step"])
            # A checkpoint at the border of the phases still has the optimiser of the heads.
            at_border = self.step == self.config.head_steps
            self.step -= at_border
            self._compile()
            self.step += at_border
            for name, places in (
                ("variable", self.model.variables),
                ("optimizer", self.model.optimizer.variables),
            ):
                for number, place in enumerate(places):
                    place.assign(arrays[f"{name}{number:04}"])
            for number, mean in enumerate(self.average):
                mean[...] = arrays[f"average{number:04}"]


def _numpy(variable: Any) -> NDArray[Any]:
    return np.asarray(keras.ops.convert_to_numpy(variable))


# === A whole run ===


def train(
    pool: Pool,
    run: Path,
    *,
    imagenet: dict[str, NDArray[Any]] | None,
    network: Network | None = None,
    resume: bool = False,
    stop_at: int | None = None,
    watch: Watch = lambda steps: steps,
) -> Training:
    """Train in the folder `run` until the last step, or until `stop_at`, and save."""
    config = pool.config
    begin(run, config, resume=resume)
    training = Training(config, imagenet, network)
    if (run / CHECKPOINT).exists():
        training.load(run / CHECKPOINT)
    last = config.steps if stop_at is None else min(stop_at, config.steps)
    saved = time.monotonic()
    with (run / LOG).open("a", newline="") as log:
        lines = csv.writer(log)
        batches = ahead(pool.batch, training.step, last)
        for step in watch(range(training.step, last)):
            loss = training.learn(next(batches))
            if not np.isfinite(loss):
                raise FloatingPointError(
                    f"The loss is not finite at step {step}; the last checkpoint is kept."
                )
            lines.writerow([step, f"{loss:.5f}", f"{config.learning_rate(step):.3e}"])
            if time.monotonic() - saved > 60 * config.save_minutes:
                training.save(run / CHECKPOINT)
                log.flush()
                saved = time.monotonic()
    training.save(run / CHECKPOINT)
    if training.step == config.steps:
        save_average(training, run / WEIGHTS)
    return training


def begin(run: Path, config: FaceConfig, *, resume: bool) -> None:
    """Make the run's folder, or see to it that an old one is only gone on with knowingly."""
    known = run / CONFIG
    if not known.exists():
        run.mkdir(parents=True, exist_ok=True)
        known.write_text(config.to_json())
        return
    if not resume:
        raise CannotResume(f"{run} holds a run already; resume it, or name another folder.")
    before = FaceConfig.read(known)
    if before == config:
        return
    if dataclasses.replace(before, steps=config.steps) != config:
        raise CannotResume(f"{run} was begun with other settings; they are in {known}.")
    step = _step(run / CHECKPOINT)
    if step > min(before.decay_from, config.decay_from):
        raise CannotResume(
            f"The rate falls already at step {step}: the number of steps can no longer change."
        )
    known.write_text(config.to_json())


def _step(checkpoint: Path) -> int:
    if not checkpoint.exists():
        return 0
    with np.load(checkpoint) as arrays:
        return int(arrays["step"])


# === What a run leaves ===


def save_average(training: Training, file: Path) -> None:
    """The averaged weights by name: readable on any backend, without Keras too."""
    np.savez(file, **dict(zip(_names(training.model), training.average, strict=True)))  # type: ignore[arg-type]


def load_average(config: FaceConfig, file: Path, network: Network | None = None) -> keras.Model:
    model = (network or NETWORKS[config.network])(config.side)
    with np.load(file) as arrays:
        model.set_weights([arrays[name] for name in _names(model)])
    return model


def finished(file: Path, *, heads: bool) -> dict[str, NDArray[Any]]:
    """A finished run's averaged weights, its heads or not, for another run to begin from."""
    with np.load(file) as arrays:
        return {n: arrays[n] for n in arrays.files if heads or n.startswith(BACKBONE)}


def _names(model: keras.Model) -> list[str]:
    return [f"{layer.name}/{weight.name}" for layer in model.layers for weight in layer.weights]
