"""JPEG 2000, in its boxes (JP2) or bare: its size, and whether its code stream has its end."""

from __future__ import annotations

from sandbox.containers.boxes import walk
from sandbox.containers.extent import Extent, note_trailing
from sandbox.source import Source
from sandbox.types import Code, Flag, Limits, Rejected

MAX_TILES = 65_535


def codestream(source: Source) -> tuple[int, int]:
    """Where it begins, and where it must end."""
    if source.peek(0, 2) == b"\xff\x4f":
        return 0, source.size
    for box in walk(source).boxes:
        if box.type == b"jp2c" and not box.path:
            return box.offset, box.offset + box.length
    raise Rejected(Code.CORRUPT, "no_codestream")


def extent(source: Source, limits: Limits) -> Extent:
    start, end = codestream(source)
    head = source.peek(start, 44)
    if len(head) < 44 or head[:4] != b"\xff\x4f\xff\x51":
        raise Rejected(Code.CORRUPT, "SIZ")
    right, bottom, left, top, tile_width, tile_height = (
        int.from_bytes(head[at : at + 4], "big") for at in range(8, 32, 4)
    )
    width, height = right - left, bottom - top
    if width <= 0 or height <= 0 or not tile_width or not tile_height:
        raise Rejected(Code.CORRUPT, "no_size")
    if width * height > limits.max_pixels:
        raise Rejected(Code.TOO_MANY_PIXELS, f"{width}x{height}")
    if (right // tile_width + 1) * (bottom // tile_height + 1) > MAX_TILES:
        raise Rejected(Code.TOO_EXPENSIVE, "tiles")
    found = Extent(complete=end <= source.size and source.peek(end - 2, 2) == b"\xff\xd9")
    # For each component: its bits minus one, and how much coarser it is in both directions.
    count = int.from_bytes(head[40:42], "big")
    parts = source.peek(start + 42, 3 * min(count, 16))
    deep = any(bits & 0x7F > 7 for bits in parts[::3])
    if deep:
        found.flags.add(Flag.HIGH_BIT_DEPTH)
    coarser = any(step > 1 for at in (1, 2) for step in parts[at::3])
    # Pillow lets 16-bit values run over, and takes coarser colours for red and blue.
    found.libav = "first" if (deep or coarser) and count in (1, 3) else "else"
    if start:
        note_trailing(found, source, max(end, walk(source).end))
    return found
