"""The training loop: seeded, with length and checkpoint rule (the last weights) fixed before.

Three losses, all of the same kind: of several candidates the right sound must be the most alike.
For each mouth the candidates are the places of its own clip; for each clip the offsets; for each
clip the sounds of the other clips. Beside them both streams learn how far the mouth is open, which
keeps a small set from being learnt by heart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from lab.common import short
from lab.common.ahead import ahead
from lab.lip_sync import model as models
from lab.lip_sync.batches import PLACES, Draw
from lab.lip_sync.data import Talk

LIPS, SOUND = "lips.weights.h5", "sound.weights.h5"
FARTHEST = 10
"""Places by which the second loss shifts a clip's sound."""
NEVER = -1e4

Networks = tuple[keras.Model, keras.Model]
"""Of the lips, and of the sound."""


@dataclass(frozen=True, slots=True)
class Recipe:
    steps: int = 1000
    clips: int = 20
    """In a batch."""
    width: int = 12
    size: int = 48
    """Of an embedding."""
    ear: int = 64
    """Directions of the encoder's features that are kept."""
    dropout: float = 0.1
    rate: float = 2e-3
    decay: float = 2e-2
    shape_weight: float = 0.5
    aligned: bool = True
    """Learnt from sounds that were put in their place before (`aligning.py`)."""
    seed: int = 1


def build(recipe: Recipe, places: int = PLACES, sound_places: int | None = None) -> Networks:
    given: dict[str, Any] = {"width": recipe.width, "size": recipe.size, "dropout": recipe.dropout}
    return (
        models.lips_network(places, **given),
        models.sound_network(sound_places or places, ear=recipe.ear, **given),
    )


@keras.saving.register_keras_serializable("touchstone")
class Pair(keras.Model):  # type: ignore[misc]  # Keras has no types
    """Both streams with the losses that bind them."""

    def __init__(self, lips: keras.Model, sound: keras.Model, shape_weight: float) -> None:
        super().__init__()
        self.lips, self.sound, self.shape_weight = lips, sound, shape_weight
        self.sharpness = self.add_weight(
            shape=(3,), initializer=keras.initializers.Constant([2.3, 3.4, 3.4]), name="sharpness"
        )
        steps = np.arange(PLACES)[None] - np.arange(PLACES)[:, None]
        shifts = np.arange(-FARTHEST, FARTHEST + 1)
        lines = (steps[None] == shifts[:, None, None]).astype(np.float32)
        self._lines = lines / lines.sum(axis=(1, 2), keepdims=True)
        self._near = np.where(np.abs(steps) == 1, NEVER, 0.0).astype(np.float32)
        self._near_shift = np.where(np.abs(shifts) == 1, NEVER, 0.0).astype(np.float32)

    def call(self, entry: dict[str, Any], training: bool = False) -> dict[str, Any]:
        seen = self.lips(entry["mouths"], training=training)
        sound = self.sound(entry["heard"], training=training)
        return {
            "seen": seen["embedding"],
            "heard": sound["embedding"],
            "seen_shape": seen["shape"],
            "heard_shape": sound["shape"],
        }

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        seen, sound = y_pred["seen"], y_pred["heard"]
        sharp = ops.exp(ops.clip(self.sharpness, 0.0, 4.6))
        own = ops.einsum("bpe,bqe->bpq", seen, sound)
        within = own * sharp[0] + self._near
        place = _right(within) + _right(ops.transpose(within, (0, 2, 1)))
        by_shift = ops.einsum("bpq,dpq->bd", own, self._lines) * sharp[1] + self._near_shift
        shift = -ops.mean(ops.log_softmax(by_shift, axis=-1)[:, FARTHEST])
        others = ops.einsum("bpe,cpe->bc", seen, sound) / PLACES * sharp[2]
        foreign = _right(others[None]) + _right(ops.transpose(others)[None])
        shape = sum(
            ops.mean(ops.minimum(ops.square(y_pred[name] - y), 9.0))
            for name in ("seen_shape", "heard_shape")
        )
        return 0.5 * place + shift + 0.5 * foreign + self.shape_weight * shape


def _right(logits: Any) -> Any:
    """Cross entropy where the right candidate lies on the diagonal."""
    chosen = ops.diagonal(ops.log_softmax(logits, axis=-1), axis1=-2, axis2=-1)
    return -ops.mean(chosen)


def train(
    talks: Sequence[Talk],
    folder: Path,
    recipe: Recipe,
    *,
    watch: short.Watch = lambda steps: steps,
) -> Networks:
    """The two trained networks; only opened when the folder holds this very training."""

    def make() -> tuple[Pair, Any]:
        draw = Draw(talks, clips=recipe.clips, seed=recipe.seed)
        lips, sound = build(recipe)
        sound.get_layer(models.DIRECTIONS).set_weights([draw.ear_directions(recipe.ear)])
        pair = Pair(lips, sound, recipe.shape_weight)
        pair.compile(optimizer=short.optimizer(recipe), jit_compile=False)
        batches = (
            ({"mouths": batch.mouths, "heard": batch.sound}, batch.shapes)
            for batch in ahead(draw.batch, 0, recipe.steps)
        )
        return pair, batches

    def save(pair: Pair) -> None:
        pair.lips.save_weights(folder / LIPS)
        pair.sound.save_weights(folder / SOUND)

    short.train(folder, asdict(recipe), recipe, make=make, save=save, watch=watch)
    return load(folder)


def load(folder: Path) -> Networks:
    """For the lengths that service uses, embeddings alone."""
    from ml.engine.detectors.lip_sync.network import LIPS_PLACES, SOUND_PLACES

    recipe = Recipe(**json.loads((folder / short.RECIPE).read_text()))
    lips, sound = build(recipe, LIPS_PLACES, SOUND_PLACES)
    lips.load_weights(folder / LIPS)
    sound.load_weights(folder / SOUND)
    return models.alone(lips), models.alone(sound)


def embedder(
    network: keras.Model,
) -> Callable[[NDArray[np.float32]], dict[int, NDArray[np.float32]]]:
    """A Keras network in the place of a served one."""

    def embed(piece: NDArray[np.float32]) -> dict[int, NDArray[np.float32]]:
        found = np.asarray(network.predict_on_batch(piece[None]))[0]
        return {found.size: found}

    return embed
