"""FLV: tags in a row, each followed by its length."""

from __future__ import annotations

import struct

from sandbox.containers.extent import Extent
from sandbox.source import Source
from sandbox.types import Code, Limits, Rejected

MAX_TAGS = 2_000_000
SCRIPT = 18
_SIZE = b"\0\x08filesize\0"


def extent(source: Source, limits: Limits) -> Extent:
    at = int.from_bytes(source.peek(5, 4), "big")
    if at < 9 or at > source.size:
        raise Rejected(Code.CORRUPT, "header")
    at += 4
    promised: int | None = None
    for _ in range(MAX_TAGS):
        head = source.peek(at, 11)
        if not head:
            break
        length = int.from_bytes(head[1:4], "big")
        end = at + 11 + length + 4
        if len(head) < 11 or end > source.size:
            return Extent(complete=False)
        if head[0] == SCRIPT and promised is None:
            promised = _promised(source.at(at + 11, min(length, 65_536)))
        at = end
    if promised is None:
        return Extent()
    return Extent(complete=source.size >= promised)


def _promised(script: bytes) -> int | None:
    """The file's size, which most writers leave in the first script tag."""
    place = script.find(_SIZE)
    data = script[place + len(_SIZE) :][:8]
    if place < 0 or len(data) < 8:
        return None
    size = struct.unpack(">d", data)[0]
    return int(size) if 0 < size < 2**53 else None
