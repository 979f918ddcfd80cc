"""Images that are no good, or that look so: bombs, cut ones, odd ones."""

from __future__ import annotations

import io
import random
import struct
import zlib

import numpy as np

from tests.bad_inputs import parts
from tests.sandbox import media


def png_bomb() -> bytes:
    row = zlib.compressobj(9)
    data = b"".join(row.compress(bytes(3751)) for _ in range(30_000)) + row.flush()
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + parts.png_chunk(b"IHDR", header)
        + parts.png_chunk(b"IDAT", data) + parts.png_chunk(b"IEND", b"")
    )  # fmt: skip


def png_endless_size() -> bytes:
    return parts.png(2**31 - 1, 2**31 - 1, data=b"\0" * 100)


def png_text_bomb() -> bytes:
    body = b"Comment\0\0" + parts.zeros_compressed(400 << 20)
    return parts.png(4, 4, extra=parts.png_chunk(b"zTXt", body))


def png_profile_bomb() -> bytes:
    body = b"icc\0\0" + parts.zeros_compressed(400 << 20)
    return parts.png(4, 4, extra=parts.png_chunk(b"iCCP", body))


def png_stuffed_data() -> bytes:
    header = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + parts.png_chunk(b"IHDR", header)
        + parts.png_chunk(b"IDAT", parts.zeros_compressed(300 << 20))
        + parts.png_chunk(b"IEND", b"")
    )  # fmt: skip


def png_no_width() -> bytes:
    return parts.png(0, 10, data=b"\0" * 10)


def png_half() -> bytes:
    data = media.picture("PNG", 320, 240)
    return data[: len(data) // 2]


def png_wrong_crc() -> bytes:
    data = media.picture("PNG", 320, 240)
    at = data.rindex(b"IDAT") + 4
    length = struct.unpack(">I", data[at - 8 : at - 4])[0]
    return parts.edit(data, at + length, b"\0\0\0\0")


def jpeg_cut() -> bytes:
    data = media.picture("JPEG", 320, 240, quality=92)
    return data[: len(data) * 6 // 10]


def jpeg_huge_frame() -> bytes:
    data = media.picture("JPEG")
    at = data.index(b"\xff\xc0") + 5
    return parts.edit(data, at, struct.pack(">HH", 65_500, 65_500))


def jpeg_thousands_of_scans() -> bytes:
    data = media.picture("JPEG", 1000, 1000, progressive=True)
    start = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", start + 2)
    scan = data[start:second]
    scan = scan[: scan.rindex(b"\xff\xc4")] if b"\xff\xc4" in scan[2:] else scan
    return data[:start] + scan * 5000 + b"\xff\xd9"


def cmyk_jpeg() -> bytes:

    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(media.scene()).convert("CMYK").save(out, "JPEG", quality=95)
    return out.getvalue()


def deep_png() -> bytes:
    ramp = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in ramp)
    return parts.png(64, 48, bits=16, color=0, data=rows)


def palette_with_alpha() -> bytes:

    from PIL import Image

    out = io.BytesIO()
    picture = Image.fromarray(media.scene()).quantize(16)
    picture.save(out, "PNG", transparency=bytes([0] * 4 + [255] * 12))
    return out.getvalue()


def deep_heic() -> bytes:

    import pillow_heif

    deep = (media.scene().astype(np.uint16) << 4).astype(np.uint16)
    out = io.BytesIO()
    file = pillow_heif.from_bytes("RGB;12", (160, 120), deep.tobytes())
    file.save(out)
    return out.getvalue()


def odd_exif() -> bytes:
    text = b"<script>alert(1)</script>\0\r\n\x1b[31m\xe2\x80\xae\0"
    entries = [
        (0x0112, 3, 1, struct.pack("<H", 999)),
        (0x010E, 2, len(text), text),
        (0x010F, 2, 10, b"Evil\0Corp\0"),
        (0x8769, 4, 1, struct.pack("<I", 8)),
        (0x011A, 5, 1, struct.pack("<II", 1, 0)),
    ]
    return parts.with_exif(media.picture("JPEG"), parts.tiff(entries, following=8))


def polyglot() -> bytes:
    page = b"<html><script>alert(document.domain)</script></html>"
    archive = b"PK\3\4" + bytes(26) + b"PK\5\6" + bytes(18)
    return media.picture("JPEG") + page + archive


SVG = b"""<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">
<script>alert(1)</script><image href="file:///etc/passwd"/></svg>"""
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/etc/passwd) (r) file quit\n%%EOF\n"


def other_type(kind: str) -> bytes:

    from PIL import Image

    if kind == "PSD":
        return b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 4, 4, 8, 3) + bytes(64)
    if kind == "FITS":
        return b"SIMPLE  =                    T".ljust(2880)
    out = io.BytesIO()
    Image.fromarray(media.scene(32, 32)).save(out, kind)
    return out.getvalue()


def tiff_loop() -> bytes:
    return parts.tiff([(0x0100, 3, 1, b"\4\0"), (0x0101, 3, 1, b"\4\0")], following=8)


def apng_sum() -> bytes:
    """400 frames of 2000 x 2000: each is small, together they are 1.6 thousand million pixels."""
    frame = zlib.compress(bytes(2000 * 251), 9)
    control = struct.pack(">IIIIIHHBB", 0, 2000, 2000, 0, 0, 1, 10, 0, 0)
    chunks = [parts.png_chunk(b"acTL", struct.pack(">II", 400, 0))]
    chunks.append(parts.png_chunk(b"fcTL", control))
    chunks.append(parts.png_chunk(b"IDAT", frame))
    number = 1
    for _ in range(399):
        chunks.append(parts.png_chunk(b"fcTL", struct.pack(">I", number) + control[4:]))
        chunks.append(parts.png_chunk(b"fdAT", struct.pack(">I", number + 1) + frame))
        number += 2
    header = struct.pack(">IIBBBBB", 2000, 2000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + parts.png_chunk(b"IHDR", header) + b"".join(chunks)
        + parts.png_chunk(b"IEND", b"")
    )  # fmt: skip


def webp_sum() -> bytes:
    """4,000 frames of 1 x 1 said to be 16,000 x 16,000 each."""
    size = struct.pack("<I", 15_999)[:3]
    frame = b"ANMF" + struct.pack("<I", 24) + bytes(6) + size * 2 + bytes(4) + b"VP8L\0\0\0\0"
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + size * 2
    body += b"ANIM" + struct.pack("<I", 6) + bytes(6) + frame * 4000
    return b"RIFF" + struct.pack("<I", len(body)) + body


def heic_thousands_of_tiles() -> bytes:
    data = media.picture("HEIF")
    at = parts.find_box(data, b"iinf") + 12
    return parts.edit(data, at, struct.pack(">H", 60_000))


def broken_huffman() -> bytes:
    """A lossless WebP whose code tables are noise."""
    data = bytearray(media.picture("WEBP", lossless=True))
    noise = random.Random(4863)
    for at in range(30, len(data)):
        data[at] = noise.randrange(256)
    return bytes(data)


def strip() -> bytes:
    return parts.png(100_000, 1)
