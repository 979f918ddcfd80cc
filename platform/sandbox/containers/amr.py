"""AMR: frames in a row, each with its length in its first byte. Their number is written nowhere."""

from __future__ import annotations

from sandbox.containers.extent import Extent
from sandbox.source import Source
from sandbox.types import Limits

MAX_FRAMES = 2_000_000
NARROW = (13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1)
WIDE = (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1)


def extent(source: Source, limits: Limits) -> Extent:
    wide = source.peek(0, 9) == b"#!AMR-WB\n"
    lengths, at = (WIDE, 9) if wide else (NARROW, 6)
    for _ in range(MAX_FRAMES):
        head = source.peek(at, 1)
        if not head:
            return Extent()
        at += lengths[head[0] >> 3 & 15]
        if at > source.size:
            return Extent(complete=False)
    return Extent()
