"""BMP: its two headers, which say how many bytes of pixels there must be."""

from __future__ import annotations

from sandbox.containers.extent import Extent, note_trailing
from sandbox.source import Source
from sandbox.types import Code, Limits, Rejected

UNPACKED = {0, 3, 6}


def extent(source: Source, limits: Limits) -> Extent:
    head = source.peek(0, 54)
    start, header = _number(head, 10), _number(head, 14)
    if header in (12, 16) and len(head) >= 26:
        wide = 2 if header == 12 else 4
        width, height = _number(head, 18, wide), _number(head, 18 + wide, wide)
        bits, packing, stated = _number(head, 20 + 2 * wide, 2), 0, 0
    elif len(head) >= 54:
        width = int.from_bytes(head[18:22], "little", signed=True)
        height = abs(int.from_bytes(head[22:26], "little", signed=True))
        bits, packing, stated = _number(head, 28, 2), _number(head, 30), _number(head, 34)
    else:
        raise Rejected(Code.CORRUPT, "short")
    if width <= 0 or height <= 0:
        raise Rejected(Code.CORRUPT, "no_size")
    if width * height > limits.max_pixels:
        raise Rejected(Code.TOO_MANY_PIXELS, f"{width}x{height}")
    length = (width * bits + 31) // 32 * 4 * height if packing in UNPACKED else stated
    if not length:
        return Extent(libav="else")
    end = start + length
    found = Extent(complete=end <= source.size, libav="else")
    if packing in UNPACKED:
        note_trailing(found, source, max(end, min(_number(head, 2), source.size)))
    return found


def _number(head: bytes, at: int, size: int = 4) -> int:
    return int.from_bytes(head[at : at + size], "little")
