"""The facts of a still: read from its own structure, without decoding a pixel."""

from __future__ import annotations

import codecs
import functools
import io
import zlib
from collections.abc import Callable
from typing import Any

import pillow_heif
from imagecodecs import _brotli as brotli

from sandbox.containers import jpeg as jpeg_structure
from sandbox.containers import png as png_structure
from sandbox.containers import riff
from sandbox.containers.boxes import walk
from sandbox.facts import exif, iptc, jpeg, tiff, xmp
from sandbox.facts.text import clean
from sandbox.sniff import Kind
from sandbox.source import Source
from sandbox.types import Limits

MOST_BLOCK = 4 * 1024 * 1024
MOST_TEXTS = 100
MOST_INFLATED = 1024 * 1024


def warm_up() -> None:
    xmp.warm_up()
    zlib.decompress(zlib.compress(b"x"))
    brotli.brotli_decode(brotli.brotli_encode(b"x"))
    for encoding in ("ascii", "latin-1", "shift_jis", "utf-16-be", "utf-16-le", "utf-8"):
        codecs.lookup(encoding)


def _inflate(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(data, MOST_INFLATED)
    if unpacker.unconsumed_tail:
        raise ValueError("a text that unpacks to too much")
    return text


def _jpeg_blocks(source: Source) -> dict[str, bytes]:
    shape = jpeg_structure.scan(source)
    return {
        "exif": b"".join(jpeg.bodies(source, shape, 0xE1, jpeg.EXIF_HEAD)[:1]),
        "xmp": b"".join(jpeg.bodies(source, shape, 0xE1, jpeg.XMP_HEAD)[:1]),
        "icc": b"".join(part[2:] for part in jpeg.bodies(source, shape, 0xE2, b"ICC_PROFILE\0")),
    }


def _png_blocks(source: Source) -> dict[str, bytes]:
    listed, _ = png_structure.chunks(source)
    found: dict[str, bytes] = {}
    for chunk in listed:
        if chunk.type == b"eXIf":
            found["exif"] = source.at(chunk.offset, min(chunk.length, MOST_BLOCK))
        elif chunk.type == b"iCCP":
            data = source.at(chunk.offset, min(chunk.length, MOST_BLOCK))
            found["icc"] = _inflate(data.partition(b"\0")[2][1:])
    for keyword, text in _png_texts(source):
        if keyword == "XML:com.adobe.xmp":
            found["xmp"] = text
    return found


def _png_texts(source: Source) -> list[tuple[str, bytes]]:
    listed, _ = png_structure.chunks(source)
    found: list[tuple[str, bytes]] = []
    for chunk in listed:
        if chunk.type not in (b"tEXt", b"zTXt", b"iTXt") or len(found) >= MOST_TEXTS:
            continue
        data = source.at(chunk.offset, min(chunk.length, MOST_BLOCK))
        keyword, _, rest = data.partition(b"\0")
        if chunk.type == b"zTXt":
            rest = _inflate(rest[1:])
        elif chunk.type == b"iTXt":
            packed, rest = rest[:1] == b"\1", rest[2:]
            rest = rest.partition(b"\0")[2].partition(b"\0")[2]
            rest = _inflate(rest) if packed else rest
        if chunk.type != b"iTXt" and not rest.isascii():
            rest = rest.decode("latin-1").encode()
        found.append((keyword.decode("latin-1"), rest))
    return found


def _webp_blocks(source: Source) -> dict[str, bytes]:
    names = {b"EXIF": "exif", b"XMP ": "xmp", b"ICCP": "icc"}
    return {
        names[name]: source.at(at, min(length, MOST_BLOCK))
        for name, at, length in riff.chunks(source, 12, source.size)
        if name in names
    }


def _heif_blocks(source: Source) -> dict[str, bytes]:
    info = pillow_heif.open_heif(io.BufferedReader(source.stream()), convert_hdr_to_8bit=False).info
    return {
        "exif": (info.get("exif") or b"")[:MOST_BLOCK],
        "xmp": (info.get("xmp") or b"")[:MOST_BLOCK],
        "icc": (info.get("icc_profile") or b"")[:MOST_BLOCK],
    }


def _avif_blocks(source: Source) -> dict[str, bytes]:
    from PIL import Image

    with Image.open(io.BufferedReader(source.stream()), formats=["AVIF"]) as picture:
        info = picture.info
        return {
            "exif": bytes(info.get("exif") or b"")[:MOST_BLOCK],
            "xmp": bytes(info.get("xmp") or b"")[:MOST_BLOCK],
            "icc": bytes(info.get("icc_profile") or b"")[:MOST_BLOCK],
        }


def _gif_blocks(source: Source) -> dict[str, bytes]:
    data = source.at(0, MOST_BLOCK)
    start = data.find(b"\x21\xff\x0bXMP DataXMP")
    if start < 0:
        return {}
    end = data.find(b"\x01\xff\xfe\xfd", start)
    return {"xmp": data[start + 14 : end if end > 0 else len(data)]}


def _jpeg2000_blocks(source: Source) -> dict[str, bytes]:
    """Read from the boxes next to the code stream; a bare code stream has none."""
    found: dict[str, bytes] = {}
    if source.peek(0, 2) == b"\xff\x4f":
        return found
    for box in walk(source).boxes:
        body = min(max(box.length - 16, 0), MOST_BLOCK)
        if box.type == b"uuid":
            name = _UUIDS.get(source.peek(box.offset, 16))
            if name:
                found[name] = source.at(box.offset + 16, body)
        elif box.type == b"xml ":
            found.setdefault("xmp", source.at(box.offset, min(box.length, MOST_BLOCK)))
    return found


_UUIDS = {
    bytes.fromhex("be7acfcb97a942e89c71999491e3afac"): "xmp",
    b"JpgTiffExif->JP2": "exif",
}


def _jpegxl_blocks(source: Source) -> dict[str, bytes]:
    """Read from the boxes next to the code stream, plain or compressed (`brob`)."""
    found: dict[str, bytes] = {}
    if source.peek(0, 2) == b"\xff\x0a":
        return found
    for box in walk(source).boxes:
        kind, body = box.type, source.at(box.offset, min(box.length, MOST_BLOCK))
        if kind == b"brob":
            kind, body = body[:4], bytes(brotli.brotli_decode(body[4:], out=MOST_INFLATED))
        if kind == b"Exif":  # four bytes say how far in the TIFF header stands
            found["exif"] = body[4 + int.from_bytes(body[:4], "big") :]
        elif kind == b"xml ":
            found.setdefault("xmp", body)
    return found


def _tiff_blocks(source: Source) -> dict[str, bytes]:
    tags = getattr(_open_tiff(source), "tag_v2", {})
    return {
        name: bytes(tags.get(tag) or b"")[:MOST_BLOCK]
        for name, tag in (("xmp", 700), ("icc", 34675))
    }


def _open_tiff(source: Source) -> Any | None:
    """None for a variant that Pillow does not open: its metadata is not read."""
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(io.BufferedReader(source.stream()), formats=["TIFF"])
    except UnidentifiedImageError:
        return None


_BLOCKS: dict[str, Callable[[Source], dict[str, bytes]]] = {
    "jpeg": _jpeg_blocks, "png": _png_blocks, "webp": _webp_blocks, "heif": _heif_blocks,
    "avif": _avif_blocks, "gif": _gif_blocks, "tiff": _tiff_blocks,
    "jpeg2000": _jpeg2000_blocks, "jpegxl": _jpegxl_blocks,
}  # fmt: skip


@functools.lru_cache(maxsize=1)
def _blocks(source: Source, format: str) -> dict[str, bytes]:
    read = _BLOCKS.get(format)
    return read(source) if read else {}  # a format without a place for metadata


def _exif(source: Source, kind: Kind, limits: Limits) -> Any:
    if kind.format == "tiff":
        picture = _open_tiff(source)
        return exif.claimed(picture.getexif(), [], but=tiff.STRUCTURE) if picture else None
    return exif.read(_blocks(source, kind.format).get("exif", b""))


def _xmp(source: Source, kind: Kind, limits: Limits) -> Any:
    return xmp.read(_blocks(source, kind.format).get("xmp", b""))


def _iptc(source: Source, kind: Kind, limits: Limits) -> Any:
    if kind.format == "tiff":
        picture = _open_tiff(source)
        return iptc.read(picture) if picture else None
    if kind.format != "jpeg":
        return None
    shape = jpeg_structure.scan(source)
    if not jpeg.bodies(source, shape, 0xED, jpeg.PHOTOSHOP_HEAD):
        return None
    from PIL import Image

    with Image.open(io.BufferedReader(source.stream()), formats=["JPEG"]) as picture:
        return iptc.read(picture)


def _icc(source: Source, kind: Kind, limits: Limits) -> Any:
    profile = _blocks(source, kind.format).get("icc", b"")
    if not profile:
        return None
    return {"name": icc_name(profile), "size": len(profile), "device": _word(profile[12:16])}


def icc_name(profile: bytes) -> str:
    """The profile's own description."""
    count = int.from_bytes(profile[128:132], "big")
    for entry in range(132, 132 + 12 * min(count, 100), 12):
        if profile[entry : entry + 4] != b"desc":
            continue
        at, length = (int.from_bytes(profile[entry + i : entry + i + 4], "big") for i in (4, 8))
        tag = profile[at : at + min(length, 4096)]
        if tag[:4] == b"mluc":
            size, start = (int.from_bytes(tag[i : i + 4], "big") for i in (20, 24))
            return clean(tag[start : start + size].decode("utf-16-be", "replace"), 200)[0]
        size = int.from_bytes(tag[8:12], "big")
        return clean(tag[12 : 12 + size], 200)[0]
    return ""


def _word(four: bytes) -> str:
    return clean(four, 4)[0]


def _jpeg(source: Source, kind: Kind, limits: Limits) -> Any:
    return jpeg.facts(source, jpeg_structure.scan(source)) if kind.format == "jpeg" else None


def _comments(source: Source, kind: Kind, limits: Limits) -> Any:
    if kind.format != "jpeg":
        return None
    found = jpeg.comments(source, jpeg_structure.scan(source))
    return [clean(text)[0] for text in found[:MOST_TEXTS]] or None


def _png_text(source: Source, kind: Kind, limits: Limits) -> Any:
    if kind.format != "png":
        return None
    texts = []
    for keyword, text in _png_texts(source):
        if keyword != "XML:com.adobe.xmp":
            cleaned, odd = clean(text, 200_000)
            texts.append({"keyword": clean(keyword, 80)[0], "text": cleaned, "malformed": odd})
    return texts or None


def _boxes(source: Source, kind: Kind, limits: Limits) -> Any:
    if kind.format not in ("heif", "avif") and source.peek(4, 4) != b"jP  ":
        return None
    return box_names(source)


def _tiff(source: Source, kind: Kind, limits: Limits) -> Any:
    return tiff.facts(source, limits) if kind.format == "tiff" else None


def box_names(source: Source, most: int = 300) -> list[str]:
    return [
        "/".join(clean(part.decode("latin-1"), 8)[0] for part in (*box.path, box.type))
        for box in walk(source).boxes[:most]
    ]


SECTIONS: dict[str, Callable[[Source, Kind, Limits], Any]] = {
    "exif": _exif,
    "xmp": _xmp,
    "iptc": _iptc,
    "icc": _icc,
    "jpeg": _jpeg,
    "comments": _comments,
    "png_text": _png_text,
    "boxes": _boxes,
    "tiff": _tiff,
}
