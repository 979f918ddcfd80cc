"""MPEG program streams: packs of packets, each of which states its length."""

from __future__ import annotations

from sandbox.containers.extent import Extent
from sandbox.source import Source
from sandbox.types import Limits

MAX_PACKETS = 2_000_000
END, PACK = 0xB9, 0xBA


def extent(source: Source, limits: Limits) -> Extent:
    """Whether the last packet is whole. How many there should be is written nowhere, unless the
    stream ends with the code that says so."""
    at = 0
    for _ in range(MAX_PACKETS):
        head = source.peek(at, 14)
        if not head.strip(b"\0"):
            return Extent()  # ended, or padded, at a packet's end
        if len(head) < 4:
            return Extent(complete=False)
        if head[:3] != b"\0\0\1":
            return Extent()
        if head[3] == END:
            return Extent(complete=True)
        if len(head) < 6:
            return Extent(complete=False)
        at += _length(head)
        if at > source.size:
            return Extent(complete=False)
    return Extent()


def _length(head: bytes) -> int:
    if head[3] != PACK:
        return 6 + int.from_bytes(head[4:6], "big")
    if head[4] >> 6 == 1 and len(head) >= 14:  # MPEG-2
        return 14 + (head[13] & 7)
    return 12


def video_extent(source: Source, limits: Limits) -> Extent:
    """A bare stream of pictures: it may end with the code that says so."""
    tail = source.at(max(source.size - 64, 0), 64).rstrip(b"\0")
    return Extent(complete=True if tail.endswith(b"\0\0\1\xb7") else None)
