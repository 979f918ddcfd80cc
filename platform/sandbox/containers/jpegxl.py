"""JPEG XL, in its boxes or bare: the size, the turn and the depth that the code stream states."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.containers.boxes import walk
from sandbox.containers.extent import Extent, note_trailing
from sandbox.source import Source
from sandbox.types import Code, Flag, Limits, Rejected

SIGNATURE = b"\xff\x0a"
HEAD = 64
"""Bytes that hold all fields read here, whatever widths they are written in."""
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIZES = ((9, 1), (13, 1), (18, 1), (30, 1))
_PREVIEW_EIGHTHS = ((0, 16), (0, 32), (5, 1), (9, 33))
_PREVIEW_SIZES = ((6, 1), (8, 65), (10, 321), (12, 1345))
_WHOLE_BITS = ((0, 8), (0, 10), (0, 12), (6, 1))
_TICKS = ((0, 100), (0, 1000), (10, 1), (30, 1))
_TICK_PARTS = ((0, 1), (0, 1001), (8, 1), (10, 1))
_LOOPS = ((0, 0), (3, 0), (16, 0), (32, 0))


@dataclass(frozen=True, slots=True)
class Header:
    width: int
    height: int
    orientation: int = 1
    """As in Exif. The decoder turns the picture by it."""
    animated: bool = False
    bits: int = 8
    fractions: bool = False


class _Bits:
    """Reads fields from the lowest bit up, as the code stream packs them."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise Rejected(Code.CORRUPT, "header")
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return value

    def choice(self, widths: tuple[tuple[int, int], ...]) -> int:
        """A number in one of four (bits, offset) widths."""
        bits, offset = widths[self.take(2)]
        return offset + self.take(bits)


def _size(
    bits: _Bits, small: tuple[tuple[int, int], ...] | int, large: tuple[tuple[int, int], ...]
) -> tuple[int, int]:
    in_eighths = bits.take(1)

    def side() -> int:
        if not in_eighths:
            return bits.choice(large)
        return 8 * (bits.take(small) + 1 if isinstance(small, int) else bits.choice(small))

    height = side()
    ratio = bits.take(3)
    if ratio == 0:
        return side(), height
    over, under = _RATIOS[ratio - 1]
    return height * over // under, height


def read_header(data: bytes) -> Header:
    """From the first bytes of a code stream."""
    if data[:2] != SIGNATURE:
        raise Rejected(Code.CORRUPT, "no_codestream")
    bits = _Bits(data[2:])
    width, height = _size(bits, 5, _SIZES)
    if bits.take(1):  # everything else as it is by default
        return Header(width, height)
    orientation, animated = 1, False
    if bits.take(1):
        orientation = 1 + bits.take(3)
        if bits.take(1):  # the size at which it is meant to be shown
            _size(bits, 5, _SIZES)
        if bits.take(1):
            _size(bits, _PREVIEW_EIGHTHS, _PREVIEW_SIZES)
        animated = bool(bits.take(1))
        if animated:
            bits.choice(_TICKS)
            bits.choice(_TICK_PARTS)
            bits.choice(_LOOPS)
            bits.take(1)  # has time codes
    fractions = bool(bits.take(1))
    depth = 32 if fractions else bits.choice(_WHOLE_BITS)
    return Header(width, height, orientation, animated, depth, fractions)


def codestream_head(source: Source) -> bytes:
    if source.peek(0, 2) == SIGNATURE:
        return source.peek(0, HEAD)
    for box in walk(source).boxes:
        if box.type == b"jxlc":
            return source.peek(box.offset, min(box.length, HEAD))
        if box.type == b"jxlp":  # a part; its number comes first
            return source.peek(box.offset + 4, min(max(box.length - 4, 0), HEAD))
    raise Rejected(Code.CORRUPT, "no_codestream")


def extent(source: Source, limits: Limits) -> Extent:
    header = read_header(codestream_head(source))
    if header.width * header.height > limits.max_pixels:
        raise Rejected(Code.TOO_MANY_PIXELS, f"{header.width}x{header.height}")
    if header.animated:
        raise Rejected(Code.VARIANT_NOT_READ, "animation")
    found = Extent()
    if header.bits > 8:
        found.flags.add(Flag.HIGH_BIT_DEPTH)
    if header.orientation != 1:
        found.flags.add(Flag.ROTATED)
    if source.peek(0, 2) != SIGNATURE:
        structure = walk(source)
        found.complete = structure.end <= source.size and not structure.broken
        note_trailing(found, source, structure.end)
    return found
