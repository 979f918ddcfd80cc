"""Redraws genuine faces with small networks, as programs that swap faces redraw theirs.

Principal components (`redraw.py`) remove detail and leave no traces. A network that enlarges a
narrow code layer by layer also leaves its own grain, which depends on how it enlarges. So one
encoder with a decoder for each way of enlarging learns the faces that are blended, from codes of
any narrowness. The results are stored, because drawing costs more than the rest of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from lab.face import redraw
from lab.face.redraw import SIDE
from lab.face.store import Store
from ml.engine.contract import Pixels

STEPS, BATCH, RATE = 1600, 16, 1e-3
DECAY_FROM = 0.6
"""Share of the steps after which the rate falls in a line to nothing."""
CODE = 64
"""Channels of the code, on a grid of SIDE / 16; a part of them makes a poorer drawing."""
SHORTEST = 6
LENGTHS = (10, 40)
"""Channels from which the kept drawings are made: one poor and one better by each decoder."""
SEED = 3

Watch = Callable[[Sequence[int]], Iterator[int]]


def prepared(store: Store, numbers: Sequence[int], folder: Path, watch: Watch) -> NDArray[np.uint8]:
    """Faces x drawings x SIDE x SIDE x 3: opens what was kept for just these faces, or makes it."""
    file = redraw.place(store, numbers, folder, "drawn").with_suffix(".npy")
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        faces = np.stack([store.square(number, SIDE) for number in numbers])
        part = file.with_suffix(".part")
        drawn(learnt(faces, watch, STEPS), faces, part)
        part.replace(file)
    return np.load(file, mmap_mode="r")  # type: ignore[no-any-return]


# === The networks ===


def _shuffled(x: Any, width: int) -> Any:
    """Four times the channels, laid out as a picture of twice the side."""
    x = layers.Conv2D(4 * width, 3, padding="same")(x)
    _, height, across, _ = x.shape
    x = layers.Reshape((height, across, 2, 2, width))(x)
    x = layers.Permute((1, 3, 2, 4, 5))(x)
    return layers.Reshape((2 * height, 2 * across, width))(x)


def _repeated(x: Any, width: int) -> Any:
    return layers.Conv2D(width, 3, padding="same")(layers.UpSampling2D(2)(x))


def _transposed(x: Any, width: int) -> Any:
    return layers.Conv2DTranspose(width, 3, strides=2, padding="same")(x)


WAYS = {"shuffled": _shuffled, "repeated": _repeated, "transposed": _transposed}
DRAWINGS = len(WAYS) * len(LENGTHS)


def _bent(x: Any) -> Any:
    return layers.LeakyReLU(0.1)(x)


def _encoder() -> keras.Model:
    x = inputs = layers.Input((SIDE, SIDE, 3))
    for width in (24, 48, 96, 128):
        x = _bent(layers.Conv2D(width, 3, strides=2, padding="same")(x))
    return keras.Model(inputs, layers.Conv2D(CODE, 1)(x))


def _decoder(way: str) -> keras.Model:
    inputs = layers.Input((SIDE // 16, SIDE // 16, CODE))
    x = _bent(layers.Conv2D(96, 3, padding="same")(inputs))
    for width in (96, 48, 24, 12):
        x = _bent(WAYS[way](x, width))
    return keras.Model(inputs, layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x))


@keras.saving.register_keras_serializable("touchstone")
class Drawers(keras.Model):  # type: ignore[misc]  # Keras has no types
    """One code, drawn from by all decoders."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = _encoder()
        self.decoders = [_decoder(way) for way in WAYS]

    def call(self, entry: dict[str, Any], training: bool = False) -> list[Any]:
        code = self.encoder(entry["faces"], training=training) * entry["kept"]
        return [decoder(code, training=training) for decoder in self.decoders]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Colour of each point, and its step to the neighbours, without which all is fog."""
        total = 0.0
        for drawing in y_pred:
            apart = drawing - y
            total += ops.mean(ops.abs(apart))
            total += ops.mean(ops.abs(apart[:, 1:] - apart[:, :-1]))
            total += ops.mean(ops.abs(apart[:, :, 1:] - apart[:, :, :-1]))
        return 5.0 * total


def _kept(lengths: NDArray[np.int64]) -> NDArray[np.float32]:
    """The first so many channels of a code, and nothing of the others."""
    return (np.arange(CODE) < lengths[:, None]).astype(np.float32)[:, None, None]


def learnt(faces: Pixels, watch: Watch, steps: int) -> Drawers:
    """Trained on just these faces, as they are and mirrored."""
    keras.utils.set_random_seed(SEED)
    random = np.random.default_rng(SEED)
    drawers = Drawers()
    drawers.compile(optimizer=keras.optimizers.Adam(RATE), jit_compile=False)
    for step in watch(range(steps)):
        fall = (steps - step) / (steps - DECAY_FROM * steps)
        drawers.optimizer.learning_rate = RATE * min(1.0, (step + 1) / 50, fall)
        chosen = faces[random.integers(len(faces), size=BATCH)]
        mirrored = random.random(BATCH) < 0.5
        batch = np.where(mirrored[:, None, None, None], chosen[:, :, ::-1], chosen) / 255.0
        lengths = np.exp(random.uniform(np.log(SHORTEST), np.log(CODE), BATCH)).astype(np.int64)
        entry = {"faces": batch.astype(np.float32), "kept": _kept(lengths)}
        drawers.train_on_batch(entry, entry["faces"])
    return drawers


def drawn(drawers: Drawers, faces: Pixels, file: Path) -> None:
    """Every face by every decoder from every length, into one file of a plain array."""
    with_room = (len(faces), DRAWINGS, SIDE, SIDE, 3)
    kept = open_memmap(file, mode="w+", dtype=np.uint8, shape=with_room)
    for start in range(0, len(faces), BATCH):
        some = faces[start : start + BATCH].astype(np.float32) / 255.0
        for place, length in enumerate(LENGTHS):
            entry = {"faces": some, "kept": _kept(np.full(len(some), length))}
            for way, drawing in enumerate(drawers.predict_on_batch(entry)):
                level = np.rint(np.clip(drawing, 0, 1) * 255).astype(np.uint8)
                kept[start : start + BATCH, place * len(WAYS) + way] = level
    kept.flush()
