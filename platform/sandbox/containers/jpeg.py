"""JPEG: the list of its markers, and where the first picture really ends."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

from sandbox.containers.extent import Extent, note_trailing
from sandbox.source import Source
from sandbox.types import Code, Flag, Limits, Rejected

MAX_SEGMENTS = 5_000
MAX_SCANS = 200
WINDOW = 1 << 16
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
SOI, EOI, SOS, DQT, APP0, APP2, COM = 0xD8, 0xD9, 0xDA, 0xDB, 0xE0, 0xE2, 0xFE


@dataclass(slots=True)
class Shape:
    segments: list[tuple[int, int, int]] = field(default_factory=list)
    """(marker, offset of the body, length of the body)"""
    frame: int | None = None
    """The SOF marker: 0xC0 baseline, 0xC2 progressive, ..."""
    width: int = 0
    height: int = 0
    sampling: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(component, horizontal, vertical, quantisation table)"""
    scans: int = 0
    end: int | None = None
    """The offset just after EOI."""
    pictures_after: bool = False


@functools.lru_cache(maxsize=1)
def scan(source: Source) -> Shape:
    shape, at = Shape(), 2
    while len(shape.segments) < MAX_SEGMENTS:
        marker = _next_marker(source, at) if shape.scans else _marker_here(source, at)
        if marker is None:
            break
        at, code = marker
        if code == EOI:
            shape.end = at
            break
        length = int.from_bytes(source.peek(at, 2), "big")
        if length < 2:
            break
        shape.segments.append((code, at + 2, length - 2))
        if code == SOS:
            shape.scans += 1
        elif code in _FRAMES and shape.frame is None:
            _read_frame(shape, code, source.peek(at + 2, min(length - 2, 64)))
        elif code == APP2 and source.peek(at + 2, 4) == b"MPF\0":
            shape.pictures_after = True
        at += length
    return shape


def _marker_here(source: Source, at: int) -> tuple[int, int] | None:
    while True:
        two = source.peek(at, 2)
        if len(two) < 2 or two[0] != 0xFF:
            return None
        if two[1] != 0xFF:
            return at + 2, two[1]
        at += 1


def _next_marker(source: Source, at: int) -> tuple[int, int] | None:
    """After a scan has begun, its coded data has to be passed over."""
    while at < source.size:
        found = _MARKER.search(source.peek(at, WINDOW))
        if found:
            return at + found.end(), found.group()[1]
        at += WINDOW - 1
    return None


def _read_frame(shape: Shape, code: int, body: bytes) -> None:
    if len(body) < 6:
        return
    shape.frame = code
    shape.height, shape.width = (int.from_bytes(body[i : i + 2], "big") for i in (1, 3))
    for i in range(6, 6 + 3 * min(body[5], 4), 3):
        if i + 2 < len(body):
            shape.sampling.append((body[i], body[i + 1] >> 4, body[i + 1] & 15, body[i + 2]))


def extent(source: Source, limits: Limits) -> Extent:
    shape = scan(source)
    if shape.width * shape.height > limits.max_pixels:
        raise Rejected(Code.TOO_MANY_PIXELS, f"{shape.width}x{shape.height}")
    if shape.scans > MAX_SCANS or len(shape.segments) >= MAX_SEGMENTS:
        raise Rejected(Code.TOO_EXPENSIVE, f"{shape.scans} scans")
    found = Extent(complete=shape.end is not None, frames=1)
    if shape.end is None and shape.frame in PROGRESSIVE:
        found.missing_end = b"\xff\xd9"
    if shape.pictures_after:
        found.flags.add(Flag.MULTI_PICTURE)
    elif shape.end is not None:
        note_trailing(found, source, shape.end)
    return found
