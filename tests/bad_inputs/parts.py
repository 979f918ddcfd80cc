"""Small builders for broken files: chunks, boxes, elements and archives, by hand."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, *, bits: int = 8, color: int = 2, data: bytes | None = None,
    extra: bytes = b"",
) -> bytes:  # fmt: skip
    """A PNG with any header; `data` is what its IDAT unpacks to."""
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    if data is None:
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
        data = bytes(1 + (width * bits * channels + 7) // 8) * height
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + extra
        + png_chunk(b"IDAT", zlib.compress(data, 9)) + png_chunk(b"IEND", b"")
    )  # fmt: skip


def zeros_compressed(length: int) -> bytes:
    """`length` zero bytes, deflated, without holding them all."""
    packer = zlib.compressobj(9)
    out, block = [], bytes(1 << 20)
    for _ in range(length >> 20):
        out.append(packer.compress(block))
    out.append(packer.compress(bytes(length & ((1 << 20) - 1))))
    return b"".join([*out, packer.flush()])


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def full_box(kind: bytes, body: bytes = b"", flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", flags) + body)


FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")


def find_box(data: bytes, kind: bytes) -> int:
    """The offset of the box's length field."""
    return data.index(kind) - 4


def edit(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def ebml(identity: int, body: bytes) -> bytes:
    name = identity.to_bytes((identity.bit_length() + 7) // 8, "big")
    return name + (len(body) | 1 << 56).to_bytes(8, "big") + body


def ebml_file(*children: bytes) -> bytes:
    head = ebml(0x4282, b"matroska") + ebml(0x4287, b"\4") + ebml(0x4285, b"\2")
    return ebml(0x1A45DFA3, head) + ebml(0x18538067, b"".join(children))


def gif(canvas: tuple[int, int], frames: int, frame: tuple[int, int] = (1, 1)) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", *canvas, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    image = b"," + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\2\2\x44\1\0"
    return head + image * frames + b";"


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def with_exif(jpeg: bytes, tiff: bytes) -> bytes:
    return jpeg[:2] + jpeg_segment(0xE1, b"Exif\0\0" + tiff) + jpeg[2:]


def with_xmp(jpeg: bytes, packet: bytes) -> bytes:
    return jpeg[:2] + jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet) + jpeg[2:]


def tiff(entries: list[tuple[int, int, int, bytes]], following: int = 0) -> bytes:
    """A little-endian EXIF block of one directory; values longer than 4 bytes go behind it."""
    start = 8
    after = start + 2 + 12 * len(entries) + 4
    directory, values = struct.pack("<H", len(entries)), b""
    for tag, kind, count, value in sorted(entries):
        if len(value) > 4:
            directory += struct.pack("<HHII", tag, kind, count, after + len(values))
            values += value
        else:
            directory += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
    return b"II*\0" + struct.pack("<I", start) + directory + struct.pack("<I", following) + values


Maker = Callable[[], bytes]
