"""AAC in ADTS: frames in a row; the last one must be whole."""

from __future__ import annotations

from sandbox.containers.extent import Extent
from sandbox.source import Source
from sandbox.types import Limits

MAX_FRAMES = 1_000_000


def extent(source: Source, limits: Limits) -> Extent:
    at = 0
    for _ in range(MAX_FRAMES):
        head = source.peek(at, 7)
        if not head:
            return Extent()  # ended at a frame's end; how many there were is not written anywhere
        if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            break
        length = ((head[3] & 3) << 11) | (head[4] << 3) | (head[5] >> 5)
        if length < 7 or at + length > source.size:
            break
        at += length
    return Extent(complete=False if at + 7 > source.size or source.peek(at, 1) == b"\xff" else None)
