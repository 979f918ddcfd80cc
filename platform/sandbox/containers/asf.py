"""ASF (WMV, WMA): its header objects, one of which states the size of the file."""

from __future__ import annotations

from sandbox.containers.extent import Extent
from sandbox.source import Source
from sandbox.types import Code, Limits, Rejected

MAX_OBJECTS = 10_000
_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
BROADCAST = 1


def extent(source: Source, limits: Limits) -> Extent:
    head = source.peek(0, 30)
    length = int.from_bytes(head[16:24], "little")
    if len(head) < 30 or not 30 <= length <= source.size:
        raise Rejected(Code.CORRUPT, "header")
    found = Extent()
    at = 30
    for _ in range(MAX_OBJECTS):
        one = source.peek(at, 24)
        if len(one) < 24 or at >= length:
            break
        size = int.from_bytes(one[16:24], "little")
        if size < 24:
            raise Rejected(Code.CORRUPT, "object")
        if one[:16] == _FILE:
            found.complete = _complete(source, at)
        at += size
    data = source.peek(length, 24)
    if data[:16] == _DATA and found.complete is not None:
        end = length + int.from_bytes(data[16:24], "little")
        found.complete = found.complete and end <= source.size
    return found


def _complete(source: Source, at: int) -> bool | None:
    """What the file properties promise; a live stream promises nothing."""
    body = source.peek(at + 24, 80)
    if len(body) < 68 or body[64] & BROADCAST:
        return None
    size = int.from_bytes(body[16:24], "little")
    return source.size >= size if size else None
