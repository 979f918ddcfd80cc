"""Broken TIFF, BMP and JPEG 2000 files, made by hand."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

from tests.bad_inputs import parts


def _number(value: int) -> bytes:
    return struct.pack("<I", value)


def tiff_huge() -> bytes:
    return parts.tiff([(0x0100, 4, 1, _number(60_000)), (0x0101, 4, 1, _number(60_000))])


def tiff_thousands_of_pages() -> bytes:
    """Directories without pixels, each pointing at the next one."""
    length = 2 + 12 + 4
    entry = struct.pack("<HHHI", 1, 0x0100, 3, 1) + b"\4\0\0\0"
    chain = b"".join(entry + _number(8 + length * (n + 1)) for n in range(6000))
    return b"II*\0" + _number(8) + chain


def tiff_of_a_camera() -> bytes:
    """A directory with a colour filter array: what a sensor saw."""
    size = [(0x0100, 3, 1, b"\4\0"), (0x0101, 3, 1, b"\4\0")]
    return parts.tiff([*size, (0x0106, 3, 1, struct.pack("<H", 32803))])


def tiff_not_a_number() -> bytes:
    values = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    values[3, 3], values[4, 4], values[5, 5] = np.nan, np.inf, -np.inf
    out = io.BytesIO()
    Image.fromarray(values).save(out, "TIFF")
    return out.getvalue()


def _bitmap(width: int, height: int) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 1000, 0, 0, 54) + info + bytes(100)


def bmp_huge() -> bytes:
    return _bitmap(60_000, -60_000)


def bmp_no_size() -> bytes:
    return _bitmap(-8, 8)


JP2_HEAD = b"\0\0\0\x0cjP  \r\n\x87\n" + parts.box(b"ftyp", b"jp2 \0\0\0\0jp2 ")


def _code_stream(size: int, tile: int) -> bytes:
    sizes = struct.pack(">8I", size, size, 0, 0, tile, tile, 0, 0)
    body = b"\0\0" + sizes + struct.pack(">H", 1) + b"\7\1\1"
    return b"\xff\x4f\xff\x51" + struct.pack(">H", len(body) + 2) + body + b"\xff\xd9"


def jp2_huge() -> bytes:
    return JP2_HEAD + parts.box(b"jp2c", _code_stream(60_000, 60_000))


JXL_HEAD = b"\0\0\0\x0cJXL \r\n\x87\n" + parts.box(b"ftyp", b"jxl \0\0\0\0jxl ")


def _bits(*fields: tuple[int, int]) -> bytes:
    """Fields of (value, width), from the lowest bit up."""
    value = place = 0
    for number, width in fields:
        value |= number << place
        place += width
    return value.to_bytes(place // 8 + 1, "little")


def _jxl_stream(size: int, *rest: tuple[int, int]) -> bytes:
    """The beginning of a code stream of `size` x `size`."""
    return b"\xff\x0a" + _bits((0, 1), (3, 2), (size - 1, 30), (1, 3), *rest) + bytes(40)


def jxl_huge() -> bytes:
    return JXL_HEAD + parts.box(b"jxlc", _jxl_stream(60_000, (1, 1)))


def jxl_bare_huge() -> bytes:
    return _jxl_stream(2**30, (1, 1))


def jxl_animated() -> bytes:
    """Not all by default, extra fields, upright, no sizes, no preview, an animation."""
    flags = [(0, 1), (1, 1), (0, 3), (0, 1), (0, 1), (1, 1)]
    return JXL_HEAD + parts.box(b"jxlc", _jxl_stream(64, *flags))


def jxl_empty_stream() -> bytes:
    return b"\xff\x0a"


def jp2_tiles() -> bytes:
    """A tile for each pixel."""
    return JP2_HEAD + parts.box(b"jp2c", _code_stream(2000, 1))
