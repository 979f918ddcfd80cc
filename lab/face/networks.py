"""The networks that a run can train, by the name in its settings."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers

from lab.face.face_net import MAP_STRIDE, face_net


def meso4(side: int) -> keras.Model:
    """Four small convolutions and a small dense layer, as proposed for this task years ago: the
    opponent that every face network is measured against. The map comes off the third layer."""
    pixels = keras.Input((side, side, 3), name="pixels")
    x, cells = pixels, None
    for number, (filters, kernel, pool) in enumerate(
        ((8, 3, 2), (8, 5, 2), (16, 5, 2), (16, 5, 4))
    ):
        x = layers.Conv2D(filters, kernel, padding="same", activation="relu", name=f"conv{number}")(
            x
        )
        x = layers.BatchNormalization(name=f"conv{number}_bn")(x)
        x = layers.MaxPooling2D(pool, padding="same", name=f"pool{number}")(x)
        if side // x.shape[1] == MAP_STRIDE:
            cells = layers.Conv2D(1, 3, padding="same", name="map_cells")(x)
    x = layers.Dropout(0.5, seed=0, name="drop")(layers.Flatten(name="flat")(x))
    x = layers.LeakyReLU(0.1, name="dense_relu")(layers.Dense(16, name="dense")(x))
    logit = layers.Dense(1, dtype="float32", name="logit")(x)
    cells = layers.Flatten(dtype="float32", name="map")(cells)
    return keras.Model(pixels, {"logit": logit, "map": cells}, name="meso4")


NETWORKS: dict[str, Callable[[int], keras.Model]] = {"lite0": face_net, "meso4": meso4}
