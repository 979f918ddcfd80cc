"""Reads the weights in an ONNX file, without the ONNX library.

Only what the encoder's file holds: tensors of float32, int8, uint8 and int64, and the names of each
node's inputs and outputs. The file is a protocol buffer: a row of fields, each with a number and a
kind of value.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = tuple[int, int | memoryview]
DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64}
GRAPH = 7
NODE, INITIALIZER = 1, 5
DIMS, DATA_TYPE, FLOATS, INTS, NAME, RAW = 1, 2, 4, 5, 8, 9


class NotOnnx(ValueError):
    """The bytes are not such a file."""


@dataclass(frozen=True, slots=True)
class Node:
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read(content: bytes) -> tuple[dict[str, NDArray[Any]], list[Node]]:
    """Returns the tensors by name, and the nodes in their order."""
    tensors: dict[str, NDArray[Any]] = {}
    nodes: list[Node] = []
    for number, value in _fields(memoryview(content)):
        if number != GRAPH or isinstance(value, int):
            continue
        for inner, part in _fields(value):
            if isinstance(part, int):
                continue
            if inner == INITIALIZER:
                name, tensor = _tensor(part)
                tensors[name] = tensor
            elif inner == NODE:
                nodes.append(_node(part))
    return tensors, nodes


def _fields(data: memoryview) -> Iterator[Field]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise NotOnnx(f"field of kind {kind}")
        if at + size > len(data):
            raise NotOnnx("the file ends too early")
        yield number, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise NotOnnx("a number does not end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _node(data: memoryview) -> Node:
    inputs: list[str] = []
    outputs: list[str] = []
    kind = ""
    for number, value in _fields(data):
        if isinstance(value, int):
            continue
        if number == 1:
            inputs.append(bytes(value).decode())
        elif number == 2:
            outputs.append(bytes(value).decode())
        elif number == 4:
            kind = bytes(value).decode()
    return Node(kind, tuple(inputs), tuple(outputs))


def _tensor(data: memoryview) -> tuple[str, NDArray[Any]]:
    dims: list[int] = []
    name, kind, raw = "", 0, None
    floats: list[memoryview] = []
    integers: list[int] = []
    for number, value in _fields(data):
        if number == DIMS:
            dims += [value] if isinstance(value, int) else _packed(value)
        elif number == DATA_TYPE and isinstance(value, int):
            kind = value
        elif number == NAME and not isinstance(value, int):
            name = bytes(value).decode()
        elif number == RAW and not isinstance(value, int):
            raw = value
        elif number == FLOATS and not isinstance(value, int):
            floats.append(value)
        elif number == INTS:
            integers += [value] if isinstance(value, int) else _packed(value)
    if kind not in DTYPES:
        raise NotOnnx(f"tensor {name} of type {kind}")
    dtype = np.dtype(DTYPES[kind]).newbyteorder("<")
    if raw is not None:
        flat = np.frombuffer(raw, dtype)
    elif floats:
        flat = np.frombuffer(b"".join(floats), "<f4")
    else:
        flat = np.array([_signed(n) for n in integers], dtype)
    return name, flat.reshape(dims)


def _packed(data: memoryview) -> list[int]:
    values, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        values.append(value)
    return values


def _signed(value: int) -> int:
    signed: int = struct.unpack("<q", struct.pack("<Q", value))[0]
    return signed
