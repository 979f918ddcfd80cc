"""The speech encoder: the encoder of OpenAI's speech recogniser Whisper (base), or its first
layers.

Its weights (MIT licence) are one of the model files that set-up downloads, in CTranslate2 format.
They are checked and run with NumPy alone. Two detectors use its features: the classifiers that
detect machine speech (`voice_spoof`) and the network that compares speech with lips (`lip_sync`).
"""

from __future__ import annotations

import copy
import functools
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.audio_encoders import speech
from ml.engine.audio_encoders.model_files import Carried
from ml.engine.audio_encoders.pooling import Numbers, pooled
from ml.engine.contract import Samples

CARRIED = Carried(
    model="whisper_base",
    sha256="b55c15ef82b66863e1461d4409d7f053d313f687683782a4f76887c602d1dd68",
    first=9_654_169,
    last=50_845_707,
)
"""Between the two places lies the half that listens. The rest of the file belongs to the half that
writes, which is not needed."""
WORDS = "words"
"""What its layers are called by, each with its number."""
DEEPEST = 3
"""Layers beyond which no check asks; they are not loaded."""
TYPES = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2"}

Array = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]


# === The file ===


def arrays(content: bytes) -> Arrays:
    """One array after the other: name, axes, type and numbers of each."""
    found: Arrays = {}
    place = 0

    def number(form: str) -> int:
        nonlocal place
        (value,) = struct.unpack_from(f"<{form}", content, place)
        place += struct.calcsize(f"<{form}")
        return int(value)

    while place < len(content):
        length = number("H")
        name = content[place : place + length - 1].decode()
        place += length
        shape = [number("I") for _ in range(number("B"))]
        kind, size = np.dtype(TYPES[number("B")]), number("I")
        found[name] = np.frombuffer(content, kind, size // kind.itemsize, place).reshape(shape)
        place += size
    return found


@functools.cache
def _served() -> WhisperEncoder:
    return WhisperEncoder(arrays(CARRIED.content()), DEEPEST)


def served(layers: int) -> WhisperEncoder:
    """The encoder with as many layers as a check needs. Its weights are in memory once per
    process."""
    encoder = copy.copy(_served())
    encoder.layers = min(layers, encoder.layers)
    return encoder


# === The network ===


class WhisperEncoder:
    """Two convolutions and transformer layers. The output of each is available."""

    def __init__(self, weights: Arrays, layers: int | None = None) -> None:
        self.heads = int(weights["encoder/num_heads"])
        there = sum(name.endswith("ffn/linear_0/weight") for name in weights)
        self.layers = there if layers is None else min(layers, there)
        beyond = tuple(f"encoder/layer_{n}/" for n in range(self.layers, there))
        self.weights = {
            name.removeprefix("encoder/"): np.asarray(value, np.float32)
            for name, value in weights.items()
            if not name.startswith(beyond)
        }

    def encode(self, wave: NDArray[Any]) -> list[Array]:
        """What it makes of a sound, at the level of all."""
        return self.hidden(speech.picture(speech.levelled(wave)))

    def numbers(self, sound: Samples) -> Numbers:
        """What each layer hears in a sound that is at the level of all, pooled over time."""
        layers = self.hidden(speech.picture(sound))
        return {f"{WORDS} {number}": pooled(layer) for number, layer in enumerate(layers)}

    def hidden(self, picture: Array) -> list[Array]:
        """After the convolutions and after each layer: half as many frames as the picture x
        width."""
        x = self._convolved(self._convolved(picture, "conv1", 1), "conv2", 2)
        found = [x]
        x = x + self.weights["position_encodings/encodings"][: len(x)]
        for layer in range(self.layers):
            x = x + self._attended(x, f"layer_{layer}/self_attention")
            x = x + self._fed_forward(x, f"layer_{layer}/ffn")
            found.append(x)
        return found

    def _linear(self, x: Array, name: str) -> Array:
        weight, bias = self.weights[f"{name}/weight"], self.weights[f"{name}/bias"]
        return np.asarray(x @ weight.T + bias)

    def _normed(self, x: Array, name: str) -> Array:
        middle = x - x.mean(axis=-1, keepdims=True)
        scale = np.sqrt((middle**2).mean(axis=-1, keepdims=True) + 1e-5)
        normed: Array = (
            middle / scale * self.weights[f"{name}/gamma"] + self.weights[f"{name}/beta"]
        )
        return normed

    def _convolved(self, x: Array, name: str, stride: int) -> Array:
        padded = np.pad(x, ((1, 1), (0, 0)))
        seen = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=0)[::stride]
        weight = self.weights[f"{name}/weight"]
        flat = seen.reshape(len(seen), -1) @ weight.reshape(len(weight), -1).T
        return _gelu(flat + self.weights[f"{name}/bias"])

    def _attended(self, x: Array, name: str) -> Array:
        three = self._linear(self._normed(x, f"{name}/layer_norm"), f"{name}/linear_0")
        query, key, value = (
            part.reshape(len(x), self.heads, -1).transpose(1, 0, 2)
            for part in np.split(three, 3, axis=-1)
        )
        like = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(query.shape[-1]))
        share = np.exp(like - like.max(axis=-1, keepdims=True))
        share /= share.sum(axis=-1, keepdims=True)
        together = (share @ value).transpose(1, 0, 2).reshape(len(x), -1)
        return self._linear(together, f"{name}/linear_1")

    def _fed_forward(self, x: Array, name: str) -> Array:
        wide = _gelu(self._linear(self._normed(x, f"{name}/layer_norm"), f"{name}/linear_0"))
        return self._linear(wide, f"{name}/linear_1")


def _gelu(x: Array) -> Array:
    """x times the share of a normal distribution below x: that beyond |x| by exponential and
    polynomial (Abramowitz and Stegun 7.1.26), within float32's own error. In place, and by what
    NumPy computes fast: SciPy's `erf` took a quarter of the encoder's time."""
    size = np.abs(x)
    scaled = size * np.float32(np.sqrt(0.5))
    share = 1 / (1 + np.float32(0.3275911) * scaled)
    beyond = np.float32(1.061405429) * share
    for term in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        beyond += np.float32(term)
        beyond *= share
    scaled *= -scaled
    beyond *= np.exp(scaled, out=scaled)
    beyond *= size
    beyond *= np.float32(0.5)
    return np.asarray(np.maximum(x, 0) - beyond, np.float32)
