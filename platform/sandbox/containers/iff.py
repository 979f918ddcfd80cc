"""AIFF, CAF and AU: a header, and the length of the sound that follows."""

from __future__ import annotations

from sandbox.containers.extent import Extent, note_trailing
from sandbox.source import Source
from sandbox.types import Limits

MAX_CHUNKS = 100_000
UNKNOWN_32, UNKNOWN_64 = 0xFFFFFFFF, 2**64 - 1


def aiff_extent(source: Source, limits: Limits) -> Extent:
    length = int.from_bytes(source.peek(4, 4), "big")
    end = 8 + length + (length & 1)
    found = Extent(complete=8 + length <= source.size)
    note_trailing(found, source, end)
    return found


def caf_extent(source: Source, limits: Limits) -> Extent:
    at = 8
    for _ in range(MAX_CHUNKS):
        head = source.peek(at, 12)
        if not head:
            return Extent(complete=True)
        length = int.from_bytes(head[4:12], "big")
        if len(head) < 12:
            return Extent(complete=False)
        if length == UNKNOWN_64:
            return Extent()  # to the end of the file, wherever that is
        at += 12 + length
        if at > source.size:
            return Extent(complete=False)
    return Extent()


def au_extent(source: Source, limits: Limits) -> Extent:
    start, length = (int.from_bytes(source.peek(at, 4), "big") for at in (4, 8))
    if length == UNKNOWN_32:
        return Extent()
    found = Extent(complete=start + length <= source.size)
    note_trailing(found, source, start + length)
    return found
