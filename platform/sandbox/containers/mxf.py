"""MXF: keys, lengths and values in a row; the first partition says where the last one is."""

from __future__ import annotations

from sandbox.containers.extent import Extent
from sandbox.sniff import MXF_PARTITION
from sandbox.source import Source
from sandbox.types import Code, Limits, Rejected

MAX_ITEMS = 1_000_000
_PREFIX = b"\x06\x0e\x2b\x34"


def extent(source: Source, limits: Limits) -> Extent:
    start = source.head().find(MXF_PARTITION)
    if start < 0:
        raise Rejected(Code.CORRUPT, "no_partition")
    at, promised = start, 0
    for _ in range(MAX_ITEMS):
        head = source.peek(at, 25)
        if not head:
            break
        if len(head) < 17 or head[:4] != _PREFIX:
            return Extent(complete=False if len(head) < 17 else None)
        size, length = _length(head[16:])
        if at == start:
            # The value begins with versions, sizes and places: the footer's is the fourth place.
            promised = int.from_bytes(source.peek(at + 16 + size + 24, 8), "big")
        at += 16 + size + length
        if at > source.size:
            return Extent(complete=False)
    if promised:
        there = source.peek(start + promised, len(MXF_PARTITION)) == MXF_PARTITION
        return Extent(complete=there)
    return Extent()


def _length(data: bytes) -> tuple[int, int]:
    """(bytes that the length takes, the length)"""
    if data[0] < 0x80:
        return 1, data[0]
    count = data[0] & 0x7F
    return 1 + count, int.from_bytes(data[1 : 1 + min(count, 8)], "big")
