"""PNG: its chunks, whether the last one is there, and whether its data could be pixels at all."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from sandbox.containers.extent import Extent, note_trailing
from sandbox.source import Source
from sandbox.types import Code, Flag, Limits, Rejected

MAX_CHUNKS = 50_000
SLACK = 64 * 1024
_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"fdAT", b"IEND"}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


@dataclass(frozen=True, slots=True)
class Chunk:
    type: bytes
    offset: int
    """Of its data."""
    length: int


def chunks(source: Source) -> tuple[list[Chunk], int | None]:
    """The chunks, and the offset after IEND when there is one."""
    found: list[Chunk] = []
    at = 8
    while len(found) < MAX_CHUNKS:
        head = source.peek(at, 8)
        if len(head) < 8:
            break
        chunk = Chunk(head[4:], at + 8, int.from_bytes(head[:4], "big"))
        if chunk.length > 2**31 - 1:
            break
        found.append(chunk)
        at = chunk.offset + chunk.length + 4
        if chunk.type == b"IEND":
            return found, at if at <= source.size else None
    return found, None


def extent(source: Source, limits: Limits) -> Extent:
    listed, end = chunks(source)
    if not listed or listed[0].type != b"IHDR" or listed[0].length != 13:
        raise Rejected(Code.CORRUPT, "IHDR")
    header = source.at(listed[0].offset, 13)
    width, height = (int.from_bytes(header[i : i + 4], "big") for i in (0, 4))
    if not width or not height or len(header) < 13:
        raise Rejected(Code.CORRUPT, "no_size")
    if width * height > limits.max_pixels:
        raise Rejected(Code.TOO_MANY_PIXELS, f"{width}x{height}")
    if len(listed) >= MAX_CHUNKS:
        raise Rejected(Code.TOO_EXPENSIVE, f"{len(listed)} chunks")
    bits = header[8] * _CHANNELS.get(header[9], 4)
    _refuse_stuffing(source, listed, height * ((width * bits + 7) // 8 + 1))
    found = Extent(complete=end is not None)
    if end is not None:
        note_trailing(found, source, end)
    if _odd_sums(source, [c for c in listed if c.type in _CRITICAL]):
        found.complete = False  # some of these pixels are not what was saved
        found.flags.add(Flag.DECODE_ERRORS)
    return found


def _refuse_stuffing(source: Source, listed: list[Chunk], raw: int) -> None:
    """Image data that unpacks to clearly more than the pixels is there for another purpose.

    Counted by unpacking where that is cheap, that is where few pixels are promised; for larger
    pictures only data that is longer packed than its pixels are unpacked is refused.
    """
    data = [c for c in listed if c.type == b"IDAT"]
    packed = sum(c.length for c in data)
    room = 2 * raw + SLACK  # interlacing adds a little
    if packed > room:
        raise Rejected(Code.DECOMPRESSION_BOMB, "IDAT")
    if raw > 1 << 20 or packed < SLACK // 1024:
        return
    unpacker, seen = zlib.decompressobj(), 0
    try:
        for chunk in data:
            rest = source.at(chunk.offset, chunk.length)
            while rest and seen <= room:
                seen += len(unpacker.decompress(rest, SLACK))
                rest = unpacker.unconsumed_tail
    except zlib.error:
        return  # the decoder will say so, with what could be saved
    if seen > room:
        raise Rejected(Code.DECOMPRESSION_BOMB, "IDAT")


def _odd_sums(source: Source, listed: list[Chunk]) -> bool:
    """Whether a chunk's checksum is wrong. Decoders let that pass."""
    for chunk in listed:
        data = source.at(chunk.offset - 4, chunk.length + 4)
        stored = source.at(chunk.offset + chunk.length, 4)
        if len(stored) == 4 and zlib.crc32(data) != int.from_bytes(stored, "big"):
            return True
    return False
