"""The face network: one logit (manipulated or not), and a coarse map of where."""

from __future__ import annotations

import keras
from keras import layers

from lab.face.lite0 import channel_axis, lite0

MAP_STRIDE = 8
"""The map has one cell for each square of so many pixels of the input."""
NARROW = 48


def face_net(side: int) -> keras.Model:
    """Outputs `logit` (n x 1) and `map` (n x cells, row by row; logits too)."""
    backbone = lite0(side)
    eighth, sixteenth, top = backbone.outputs
    pooled = layers.GlobalAveragePooling2D(name="pool")(top)
    pooled = layers.Dropout(0.2, seed=0, name="drop")(pooled)
    logit = layers.Dense(1, dtype="float32", name="logit")(pooled)

    coarse = layers.Conv2D(NARROW, 1, name="map_coarse")(sixteenth)
    coarse = layers.UpSampling2D(2, interpolation="nearest", name="map_up")(coarse)
    fine = layers.Conv2D(NARROW, 1, name="map_fine")(eighth)
    both = layers.ReLU(6.0, name="map_relu")(layers.Add(name="map_add")([coarse, fine]))
    cells = layers.Conv2D(1, 3, padding="same", name="map_cells")(both)
    cells = layers.Flatten(dtype="float32", name="map")(cells)
    return keras.Model(backbone.input, {"logit": logit, "map": cells}, name="face_net")


HEADS = ("logit", "map_coarse", "map_fine", "map_cells")


def only_heads_learn(model: keras.Model, only: bool) -> None:
    for layer in model.layers:
        layer.trainable = layer.name in HEADS or not only


def as_input(pixels: object) -> object:
    """n x side x side x 3 to what this machine's image format wants."""
    return pixels.transpose(0, 3, 1, 2) if channel_axis() == 1 else pixels  # type: ignore[attr-defined]
