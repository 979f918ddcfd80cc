"""GIF: its frames counted and measured, and its trailer looked for."""

from __future__ import annotations

from sandbox.containers.extent import Extent, note_trailing
from sandbox.source import Source
from sandbox.types import Code, Limits, Rejected


def extent(source: Source, limits: Limits) -> Extent:
    head = source.peek(0, 13)
    if len(head) < 13:
        raise Rejected(Code.CORRUPT, "short")
    at = 13 + _table(head[10])
    frames = pixels = 0
    canvas = _area(head[6:10])
    while True:
        mark = source.peek(at, 1)
        if mark == b";":
            found = Extent(complete=True, frames=frames)
            note_trailing(found, source, at + 1)
            return found
        if mark == b"!":
            end = _blocks(source, at + 2)
        elif mark == b",":
            place = source.peek(at + 1, 9)
            if len(place) < 9:
                break
            area = max(_area(place[4:8]), canvas)
            frames, pixels = frames + 1, pixels + area
            if area > limits.max_pixels or pixels > limits.max_animation_pixels:
                raise Rejected(Code.TOO_MANY_PIXELS, f"{pixels} pixels")
            if frames > limits.max_animation_frames:
                raise Rejected(Code.TOO_MANY_FRAMES, f"more than {limits.max_animation_frames}")
            end = _blocks(source, at + 10 + _table(place[8]) + 1)
        else:
            break
        if end is None:
            break
        at = end
    return Extent(complete=False, frames=frames or None)


def _table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _area(four: bytes) -> int:
    return int.from_bytes(four[:2], "little") * int.from_bytes(four[2:], "little")


def _blocks(source: Source, at: int) -> int | None:
    while True:
        size = source.peek(at, 1)
        if not size:
            return None
        at += 1 + size[0]
        if size == b"\0":
            return at
        if at > source.size:
            return None
