"""The ear with its listeners as one network: a window's picture in, one number out.

The same arithmetic as `whisper.Encoder`, `borrowed.pooled` and `listener.Listener`, in TensorFlow
operations that LiteRT knows; only as many layers as are asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ml.training import export
from ml.training.sound.borrowed import pooled
from ml.training.sound.listener import FURTHEST
from ml.training.sound.probe import Layer
from ml.training.sound.whisper import Encoder

TOLERANCE = 0.02
"""Greatest difference of scores that is accepted; those of clips spread over about one."""
SMALLEST = 1e-9
LARGE = np.float32(1024)
"""Some channels hardly ever move: one over their spread is more than float16 can hold, and what
keeps it from nought is less. A power of two is kept whole."""


class Ear:
    """What `ml.training.export` takes for a network."""

    def __init__(self, encoder: Encoder, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)
        self.deepest = max(layer.number for layer in layers)
        self.heads = encoder.heads
        self.weights = {
            name: value
            for name, value in encoder.weights.items()
            if isinstance(value, np.ndarray) and self._is_used(name)
        }

    def _is_used(self, name: str) -> bool:
        first = name.split("/")[0]
        if first.startswith("layer_") and first != "layer_norm":
            return int(first.removeprefix("layer_")) < self.deepest
        return first in ("conv1", "conv2", "position_encodings")

    def count_params(self) -> int:
        parts = [
            (a.listener.directions, a.listener.supports, a.listener.votes) for a in self.layers
        ]
        return sum(w.size for w in [*self.weights.values(), *(w for part in parts for w in part)])

    def __call__(self, picture: Any, training: bool = False) -> Any:
        told = self.told(picture)
        return tf.add_n(told) / float(len(told))

    def told(self, picture: Any) -> list[Any]:
        """One logit a listener."""
        x = self._convolved(picture, "conv1", 1)
        x = self._convolved(x, "conv2", 2)
        heard = {0: x}
        frames = x.shape[1]
        x = x + self.weights["position_encodings/encodings"][:frames].copy()
        for number in range(self.deepest):
            x = x + self._attended(x, f"layer_{number}/self_attention", frames)
            x = x + self._fed_forward(x, f"layer_{number}/ffn")
            heard[number + 1] = x
        return [self._asked(layer, _pooled(heard[layer.number])) for layer in self.layers]

    def _asked(self, layer: Layer, heard: Any) -> Any:
        it = layer.listener
        coarse, rest = _in_two(it.mean)
        shown = ((heard - coarse) * LARGE - rest * LARGE) * (1 / it.spread / LARGE)[None]
        kept = tf.matmul(tf.clip_by_value(shown, -FURTHEST, FURTHEST), it.directions.T.copy())
        supports = np.asarray(it.supports, np.float16).astype(np.float32)
        coarse, rest = _in_two((supports**2).sum(axis=1))
        squares = tf.reduce_sum(kept**2, -1, keepdims=True) + coarse
        distance = tf.nn.relu(squares - tf.matmul(kept, 2 * supports.T.copy()) + rest)
        near, (coarse, rest) = tf.exp(-distance), _in_two(it.votes)
        voted = tf.matmul(near, coarse.T.copy()) + tf.matmul(near, rest.T.copy())
        return voted + np.float32(it.offset)

    def _linear(self, x: Any, name: str) -> Any:
        return tf.matmul(x, self.weights[f"{name}/weight"].T.copy()) + self.weights[f"{name}/bias"]

    def _normed(self, x: Any, name: str) -> Any:
        middle = x - tf.reduce_mean(x, -1, keepdims=True)
        scale = tf.math.rsqrt(tf.reduce_mean(middle**2, -1, keepdims=True) + 1e-5)
        return middle * scale * self.weights[f"{name}/gamma"] + self.weights[f"{name}/beta"]

    def _convolved(self, x: Any, name: str, stride: int) -> Any:
        padded = tf.pad(x, [[0, 0], [1, 1], [0, 0]])
        weight = self.weights[f"{name}/weight"].transpose(2, 1, 0).copy()
        out = tf.nn.conv1d(padded, weight, stride, "VALID") + self.weights[f"{name}/bias"]
        return tf.nn.gelu(out, approximate=False)

    def _attended(self, x: Any, name: str, frames: int) -> Any:
        width = x.shape[-1] // self.heads
        three = self._linear(self._normed(x, f"{name}/layer_norm"), f"{name}/linear_0")
        query, key, value = (
            tf.transpose(tf.reshape(part, (-1, frames, self.heads, width)), (0, 2, 1, 3))
            for part in tf.split(three, 3, -1)
        )
        like = tf.matmul(query, key, transpose_b=True) / np.float32(np.sqrt(width))
        mixed = tf.matmul(tf.nn.softmax(like), value)
        joined = tf.reshape(tf.transpose(mixed, (0, 2, 1, 3)), (-1, frames, self.heads * width))
        return self._linear(joined, f"{name}/linear_1")

    def _fed_forward(self, x: Any, name: str) -> Any:
        wide = self._linear(self._normed(x, f"{name}/layer_norm"), f"{name}/linear_0")
        return self._linear(tf.nn.gelu(wide, approximate=False), f"{name}/linear_1")


def settled(
    encoder: Encoder, layers: Sequence[Layer], pictures: Sequence[NDArray[np.float32]]
) -> Ear:
    """The ear as float16 keeps it. Rounded weights move what is heard, of every sound alike; by so
    much the listeners' means are moved."""
    rounded = encoder.rounded()
    apart = np.mean(
        [pooled(rounded.hidden(seen)) - pooled(encoder.hidden(seen)) for seen in pictures], axis=0
    )
    moved = [
        replace(
            layer, listener=replace(layer.listener, mean=layer.listener.mean + apart[layer.number])
        )
        for layer in layers
    ]
    return Ear(rounded, moved)


def _in_two(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """As one line each, a coarse part and the rest: both are stored as float16 and together lose
    nothing. Some means are thousands of spreads from nought, and most votes are the same number, so
    that rounding would move all of them alike. Between the two another operation must
    stand, or the converter adds them up again."""
    coarse = np.asarray(values, np.float16).astype(np.float32)
    return coarse[None], np.asarray(values - coarse, np.float32)[None]


def _pooled(x: Any) -> Any:
    mean = tf.reduce_mean(x, 1, keepdims=True)
    spread = _root_of_mean_square((x - mean) * LARGE)
    step = _root_of_mean_square((x[:, 1:] - x[:, :-1]) * LARGE)
    return tf.concat([mean[:, 0], spread, step], -1)


def _root_of_mean_square(enlarged: Any) -> Any:
    return tf.sqrt(tf.reduce_mean(enlarged**2, 1) + SMALLEST * LARGE**2) / LARGE


def exported(ear: Ear, target: Path, probes: NDArray[np.float32]) -> dict[str, Any]:
    """Write the LiteRT file, weights as float16, and compare both on real pictures."""
    return export.exported(ear, target, probes, tolerance=TOLERANCE, half=True)
