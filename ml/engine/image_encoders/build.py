"""Builds the network that is served: the encoder's first blocks as int8, with the layers that a
check trained.

`python -m ml.engine.image_encoders` runs this at set-up, in a process of its own: TensorFlow is
needed here and nowhere in a worker.
Linear layers are stored as int8 with one scale per output channel; the rest stays float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml.engine.image_encoders.weights import BLOCKS, EPSILON, HEADS, PATCH, SCALE, WIDTH, Weights


def graph(weights: Weights, taps: Sequence[int], side: int) -> Any:
    """A TensorFlow function: tokens (1 x count x 768, `patches.tokens`) to features (1 x n).

    What the traces are in is the first layer's input, so that layer stays float and outside."""
    import tensorflow as tf

    count = (side // PATCH) ** 2 + 1

    def norm(x: Any, name: str) -> Any:
        mean = tf.reduce_mean(x, -1, keepdims=True)
        apart = x - mean
        spread = tf.reduce_mean(apart * apart, -1, keepdims=True)
        normal = apart * tf.math.rsqrt(spread + EPSILON)
        return normal * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def linear(x: Any, names: Sequence[str]) -> Any:
        kernel = np.concatenate([weights[f"{name}.weight"] for name in names], 1)
        bias = np.concatenate([weights[f"{name}.bias"] for name in names])
        return tf.matmul(x, tf.constant(kernel)) + bias

    def heads(x: Any) -> Any:
        return tf.transpose(tf.reshape(x, (count, HEADS, WIDTH // HEADS)), (1, 0, 2))

    def block(x: Any, number: int) -> Any:
        stem = f"encoder.layers.{number}"
        attention = [f"{stem}.self_attn.{part}_proj" for part in ("q", "k", "v")]
        mixed = linear(norm(x, f"{stem}.layer_norm1"), attention)
        q, k, v = (heads(third) for third in tf.split(mixed, 3, -1))
        seen = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) * (WIDTH // HEADS) ** -0.5)
        joined = tf.reshape(tf.transpose(tf.matmul(seen, v), (1, 0, 2)), (count, WIDTH))
        x = x + linear(joined, [f"{stem}.self_attn.out_proj"])
        hidden = linear(norm(x, f"{stem}.layer_norm2"), [f"{stem}.mlp.fc1"])
        return x + linear(hidden * tf.sigmoid(1.702 * hidden), [f"{stem}.mlp.fc2"])

    def part(x: Any) -> Any:
        length = tf.reduce_sum(x * x, -1, keepdims=True)
        return SCALE * x * tf.math.rsqrt(tf.maximum(length, 1e-24))

    # TensorFlow has no types.
    @tf.function(input_signature=[tf.TensorSpec((1, count, WIDTH), tf.float32)])  # type: ignore[untyped-decorator]
    def features(tokens: Any) -> Any:
        x = norm(tokens[0], "pre_layrnorm")
        found = []
        for number in range(max(taps)):
            x = block(x, number)
            if number + 1 in taps:
                found += [part(x[:1]), part(tf.reduce_mean(x[1:], 0, keepdims=True))]
        return tf.concat(found, -1)

    return features


def converted(weights: Weights, taps: Sequence[int], side: int, *, int8: bool = True) -> bytes:
    import tensorflow as tf

    if max(taps) > BLOCKS:
        raise ValueError("the encoder has 12 blocks")
    function = graph(weights, taps, side)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    content: bytes = converter.convert()
    return content
