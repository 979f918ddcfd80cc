"""Two small streams that meet in one space: mouths and sound, an embedding a 25th of a second."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from ml.engine.detectors.lip_sync.inputs import (
    BANDS,
    LIPS_CONTEXT,
    LIPS_SIDE,
    MEL_A_PLACE,
    MEL_CONTEXT,
    SOUND_FEATURES,
)

DIRECTIONS = "ear_directions"


# === Layers ===
class Gated(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Unit length times a learnt weight between 0 and 1: silence and closed lips that say nothing
    may count for little."""

    def call(self, entry: Any) -> Any:
        direction, gate = entry[..., :-1], entry[..., -1:]
        length = ops.sqrt(ops.sum(ops.square(direction), axis=-1, keepdims=True) + 1e-6)
        return direction / length * ops.sigmoid(gate + 1.0)

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*shape[:-1], shape[-1] - 1)


# === Functional models ===
def lips_network(places: int, *, width: int, size: int, dropout: float) -> keras.Model:
    """(places + 8) x 48 x 48 in; `embedding` a place out, and what training also asks for."""
    count = places + 2 * LIPS_CONTEXT
    inputs = keras.Input((count, LIPS_SIDE, LIPS_SIDE), name="mouths")
    x = ops.reshape(inputs, (-1, LIPS_SIDE, LIPS_SIDE, 1))  # each picture separately at first
    for number, share in enumerate((1, 2, 3, 4)):
        kernel = 5 if number == 0 else 3
        x = layers.Conv2D(width * share, kernel, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    x = ops.reshape(x, (-1, count, 9 * 4 * width))
    x = layers.SpatialDropout1D(dropout)(x)
    x = layers.Dense(2 * size, activation="relu")(x)
    seen = x
    x = layers.Conv1D(2 * size, 5, activation="relu", name="near")(x)
    x = layers.SpatialDropout1D(dropout)(x)
    x = layers.Conv1D(2 * size, 5, activation="relu", name="round")(x)
    embedding = Gated(name="embedding")(layers.Dense(size + 1)(x))
    shape = layers.Dense(2, name="shape")(seen[:, LIPS_CONTEXT:-LIPS_CONTEXT])
    return keras.Model(inputs, {"embedding": embedding, "shape": shape}, name="lips")


def sound_network(places: int, *, width: int, size: int, ear: int, dropout: float) -> keras.Model:
    """(4 places + 16) x (40 log-mel and 512 of the encoder) in; an embedding a place out. Only the
    main directions of the encoder are kept; `Draw.ear_directions` finds them before training."""
    inputs = keras.Input((MEL_A_PLACE * places + MEL_CONTEXT, SOUND_FEATURES), name="heard")
    directions = layers.Dense(ear, use_bias=False, trainable=False, name=DIRECTIONS)
    kept = layers.SpatialDropout1D(dropout)(directions(inputs[:, :, BANDS:]))
    x = layers.Concatenate()([inputs[:, :, :BANDS], kept])
    x = layers.Conv1D(4 * width, 5, activation="relu")(x)
    x = layers.SpatialDropout1D(dropout)(x)
    x = layers.Conv1D(6 * width, 4, strides=2, activation="relu")(x)
    x = layers.SpatialDropout1D(dropout)(x)
    x = layers.Conv1D(2 * size, 7, strides=2, activation="relu")(x)
    embedding = Gated(name="embedding")(layers.Dense(size + 1)(x))
    shape = layers.Dense(2, name="shape")(x)
    return keras.Model(inputs, {"embedding": embedding, "shape": shape}, name="sound")


def alone(network: keras.Model) -> keras.Model:
    """Only the embedding, for service."""
    return keras.Model(network.input, network.output["embedding"], name=network.name)
