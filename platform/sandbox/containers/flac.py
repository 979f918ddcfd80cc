"""FLAC: its metadata blocks. The stream's total length is known to the decoder."""

from __future__ import annotations

from sandbox.containers.extent import Extent
from sandbox.source import Source
from sandbox.types import Code, Limits, Rejected


def extent(source: Source, limits: Limits) -> Extent:
    at = 4
    for _ in range(1000):
        head = source.peek(at, 4)
        if len(head) < 4:
            raise Rejected(Code.CORRUPT, "short")
        at += 4 + int.from_bytes(head[1:], "big")
        if head[0] & 0x80:
            break
    return Extent(complete=None if at < source.size else False)
