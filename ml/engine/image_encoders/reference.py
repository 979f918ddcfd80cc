"""The encoder in float32 and NumPy: slow and short, the reference for the served network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.engine.image_encoders.patches import FirstLayer
from ml.engine.image_encoders.weights import EPSILON, HEADS, SCALE, WIDTH, Weights

Floats = NDArray[np.float32]


def features(weights: Weights, taps: Sequence[int], pixels: NDArray[np.uint8]) -> Floats:
    """Class token and mean of the patches after each block in `taps` (counted from 1)."""
    x = FirstLayer.of(weights, pixels.shape[0]).tokens(pixels)
    x = _norm(weights, "pre_layrnorm", x)
    found: list[Floats] = []
    for number in range(max(taps)):
        x = _block(weights, f"encoder.layers.{number}", x)
        if number + 1 in taps:
            found += [_part(x[0]), _part(x[1:].mean(0))]
    return np.concatenate(found)


def _part(x: Floats) -> Floats:
    return (SCALE * x / max(float(np.linalg.norm(x)), 1e-12)).astype(np.float32)


def _norm(weights: Weights, name: str, x: Floats) -> Floats:
    apart = x - x.mean(-1, keepdims=True)
    normal = apart / np.sqrt((apart * apart).mean(-1, keepdims=True) + EPSILON)
    return np.asarray(normal * weights[f"{name}.weight"] + weights[f"{name}.bias"], np.float32)


def _linear(weights: Weights, name: str, x: Floats) -> Floats:
    return np.asarray(x @ weights[f"{name}.weight"] + weights[f"{name}.bias"], np.float32)


def _block(weights: Weights, stem: str, x: Floats) -> Floats:
    normal = _norm(weights, f"{stem}.layer_norm1", x)
    q, k, v = (
        _linear(weights, f"{stem}.self_attn.{part}_proj", normal)
        .reshape(len(x), HEADS, WIDTH // HEADS)
        .transpose(1, 0, 2)
        for part in ("q", "k", "v")
    )
    similarity = q @ k.transpose(0, 2, 1) / np.sqrt(WIDTH // HEADS)
    similarity = np.exp(similarity - similarity.max(-1, keepdims=True))
    seen = (similarity / similarity.sum(-1, keepdims=True)) @ v
    x = x + _linear(
        weights, f"{stem}.self_attn.out_proj", seen.transpose(1, 0, 2).reshape(len(x), WIDTH)
    )
    hidden = _linear(weights, f"{stem}.mlp.fc1", _norm(weights, f"{stem}.layer_norm2", x))
    hidden = hidden / (1 + np.exp(-1.702 * hidden))
    return x + _linear(weights, f"{stem}.mlp.fc2", hidden)
