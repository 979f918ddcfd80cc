"""A small network over steps and parts of a face, which compares each part's unsteadiness with the
rest."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from ml.engine.detectors.temporal.inputs import SHAPE
from ml.engine.media.motion import INSIDE


# === Layers ===
@keras.saving.register_keras_serializable("touchstone")
class OfEachPart(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """A bias for each part and channel: a mouth may move as a forehead may not."""

    def build(self, shape: tuple[Any, ...]) -> None:
        self.usual = self.add_weight(shape=(1, 1, shape[2], shape[3]), initializer="zeros")

    def call(self, entry: Any) -> Any:
        return entry + self.usual

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return shape


# === Functional models ===
def network(*, width: int, dropout: float) -> keras.Model:
    """Steps x parts x channels in; one logit out. Every part is seen by the same filters."""
    inputs = keras.Input(SHAPE, name="steps")
    x = inputs
    for size in (width, 2 * width):
        x = layers.Conv2D(size, (3, 1))(x)
        x = OfEachPart()(x)
        x = layers.ReLU()(x)
        x = layers.SpatialDropout2D(dropout)(x)
    inside, around = x[:, :, : len(INSIDE)], x[:, :, len(INSIDE) :]
    pooled = [
        ops.mean(inside, axis=(1, 2)),
        ops.max(ops.mean(inside, axis=1), axis=1),
        ops.max(inside, axis=(1, 2)),
        ops.mean(around, axis=(1, 2)),
        ops.max(ops.mean(around, axis=1), axis=1),
    ]
    x = layers.Concatenate()(pooled)
    x = layers.Dropout(dropout)(x)
    x = layers.Dense(2 * width, activation="relu")(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(1, name="logit")(x), name="temporal")
