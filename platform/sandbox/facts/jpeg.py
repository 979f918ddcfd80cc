"""JPEG encoding parameters, which reveal the program that saved it last."""

from __future__ import annotations

from typing import Any

from sandbox.containers.jpeg import APP0, COM, DQT, SOS, Shape
from sandbox.source import Source

MAX_MARKERS = 300
_ZIGZAG = (
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27,
    20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58,
    59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
)  # fmt: skip
_SUBSAMPLING: dict[tuple[tuple[int, int], ...], str] = {
    ((1, 1), (1, 1), (1, 1)): "4:4:4",
    ((2, 1), (1, 1), (1, 1)): "4:2:2",
    ((2, 2), (1, 1), (1, 1)): "4:2:0",
    ((1, 2), (1, 1), (1, 1)): "4:4:0",
    ((4, 1), (1, 1), (1, 1)): "4:1:1",
}
_NAMES = {0xC4: "DHT", 0xDA: "SOS", 0xDB: "DQT", 0xDD: "DRI", 0xFE: "COM", 0xDC: "DNL"}
EXIF_HEAD, XMP_HEAD = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
PHOTOSHOP_HEAD = b"Photoshop 3.0\0"


def facts(source: Source, shape: Shape) -> dict[str, Any]:
    tables = quantisation(source, shape)
    return {
        "quantisation": [tables[number] for number in sorted(tables)],
        "components": [
            {"id": c, "sampling": [h, v], "table": sorted(tables).index(t) if t in tables else None}
            for c, h, v, t in shape.sampling
        ],
        "subsampling": _SUBSAMPLING.get(tuple((h, v) for _, h, v, _ in shape.sampling), "other")
        if len(shape.sampling) == 3
        else "none",
        "progressive": shape.frame in (0xC2, 0xC6, 0xCA, 0xCE),
        "process": f"SOF{(shape.frame or 0xC0) - 0xC0}",
        "scans": shape.scans,
        "markers": _markers(source, shape),
        "ends": shape.end is not None,
    }


def quantisation(source: Source, shape: Shape) -> dict[int, list[int]]:
    """Each table's 64 steps in rows, not in zigzag; the last definition of a number holds."""
    tables: dict[int, list[int]] = {}
    for marker, at, length in shape.segments:
        if marker != DQT:
            continue
        body = source.at(at, min(length, 4 * 129))
        place = 0
        while place < len(body):
            wide, number = body[place] >> 4, body[place] & 15
            step = 2 if wide else 1
            raw = body[place + 1 : place + 1 + 64 * step]
            if len(raw) < 64 * step:
                break
            rows = [0] * 64
            for i, target in enumerate(_ZIGZAG):
                rows[target] = int.from_bytes(raw[i * step : i * step + step], "big")
            tables[number] = rows
            place += 1 + 64 * step
    return tables


def _markers(source: Source, shape: Shape) -> list[str]:
    names = []
    for marker, at, length in shape.segments[:MAX_MARKERS]:
        name = _NAMES.get(marker)
        if name is None and 0xE0 <= marker <= 0xEF:
            label = source.peek(at, min(length, 32)).split(b"\0")[0]
            word = label.decode("ascii", "ignore") if label.isascii() else ""
            word = "".join(c for c in word if c.isprintable())[:32]
            name = f"APP{marker - APP0}" + (f":{word}" if word else "")
        elif name is None and 0xC0 <= marker <= 0xCF:
            name = f"SOF{marker - 0xC0}"
        names.append(name or f"{marker:02X}")
    return names


def bodies(source: Source, shape: Shape, marker: int, head: bytes = b"") -> list[bytes]:
    """What follows `head` in each segment of this kind before the first scan."""
    found = []
    for code, at, length in shape.segments:
        if code == SOS:
            break
        if code == marker and source.peek(at, len(head)) == head:
            found.append(source.at(at + len(head), length - len(head)))
    return found


def comments(source: Source, shape: Shape) -> list[bytes]:
    return bodies(source, shape, COM)
