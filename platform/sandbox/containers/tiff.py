"""TIFF: its directories, one a page, and whether the pixels that they point at are there."""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass, field

from sandbox.containers.extent import Extent
from sandbox.source import Source
from sandbox.types import Code, Flag, Limits, Rejected

MAX_DIRECTORIES = 5_000
MAX_ENTRIES = 4_000
MAX_VALUES = 200_000
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_LETTERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
STRIPS, STRIP_BYTES, TILES, TILE_BYTES, SUB_DIRECTORIES = 273, 279, 324, 325, 330
FRACTIONS = 3
SAMPLE_FORMAT, DNG_VERSION, COLOUR_FILTER, LINEAR_RAW = 339, 50706, 32803, 34892
_READ = {
    SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIPS, STRIP_BYTES, TILES, TILE_BYTES,
    SUB_DIRECTORIES, SAMPLE_FORMAT,
}  # fmt: skip


@dataclass(slots=True)
class Directory:
    values: dict[int, tuple[int, ...]] = field(default_factory=dict)
    tags: set[int] = field(default_factory=set)

    def one(self, tag: int, default: int = 0) -> int:
        return self.values.get(tag, (default,))[0]

    @property
    def is_thumbnail(self) -> bool:
        return bool(self.one(SUBFILE) & 1)


@dataclass(frozen=True, slots=True)
class Layout:
    """How numbers are written: byte order, and the wide form (BigTIFF) or the usual one."""

    order: str
    wide: bool


@functools.lru_cache(maxsize=1)
def directories(source: Source) -> tuple[list[Directory], bool]:
    """Those that follow one another, and whether the chain is whole."""
    head = source.peek(0, 16)
    order = "<" if head[:2] == b"II" else ">"
    wide = head[2:4] in (b"+\0", b"\0+")
    layout = Layout(order, wide)
    at = _number(source, layout, 8 if wide else 4)
    found: list[Directory] = []
    seen = set[int]()
    while at:
        if at in seen:
            raise Rejected(Code.CORRUPT, "a directory twice")
        if len(found) >= MAX_DIRECTORIES:
            raise Rejected(Code.TOO_MANY_FRAMES, "pages")
        seen.add(at)
        directory, following = _directory(source, layout, at)
        if directory is None:
            return found, False
        found.append(directory)
        if following is None:
            return found, False
        at = following
    return found, True


def _number(source: Source, layout: Layout, at: int) -> int:
    size = 8 if layout.wide else 4
    data = source.peek(at, size)
    if len(data) < size:
        return 0
    return int(struct.unpack(layout.order + ("Q" if layout.wide else "I"), data)[0])


def _directory(source: Source, layout: Layout, at: int) -> tuple[Directory | None, int | None]:
    """The directory here and where the next one is; None for what is not there."""
    lead, step = (8, 20) if layout.wide else (2, 12)
    head = source.peek(at, lead)
    if len(head) < lead:
        return None, None
    count = int.from_bytes(head, "little" if layout.order == "<" else "big")
    if count > MAX_ENTRIES:
        raise Rejected(Code.CORRUPT, f"{count} entries")
    found = Directory()
    table = source.at(at + lead, count * step)
    for start in range(0, len(table) - step + 1, step):
        _entry(source, layout, table[start : start + step], found)
    if len(table) < count * step:
        return found, None
    end = at + lead + count * step
    if end + (8 if layout.wide else 4) > source.size:
        return found, 0 if end >= source.size else None
    return found, _number(source, layout, end)


def _entry(source: Source, layout: Layout, entry: bytes, found: Directory) -> None:
    tag, kind = struct.unpack(layout.order + "HH", entry[:4])
    room = 8 if layout.wide else 4
    count = struct.unpack(layout.order + ("Q" if layout.wide else "I"), entry[4 : 4 + room])[0]
    found.tags.add(tag)
    letter = _LETTERS.get(kind)
    if tag not in _READ or letter is None or not count:
        return
    count = min(count, MAX_VALUES)
    length = _SIZES[kind] * count
    field_ = entry[4 + room :]
    data = field_[:length]
    if length > room:
        at = int.from_bytes(field_[:room], "little" if layout.order == "<" else "big")
        data = source.at(at, length)
    whole = len(data) // _SIZES[kind]
    if whole:
        found.values[tag] = struct.unpack(
            f"{layout.order}{whole}{letter}", data[: whole * _SIZES[kind]]
        )


def extent(source: Source, limits: Limits) -> Extent:
    listed, whole = directories(source)
    if not listed:
        raise Rejected(Code.CORRUPT, "no_directory")
    _refuse_raw(source, listed)
    pages = [i for i, directory in enumerate(listed) if not directory.is_thumbnail]
    found = Extent(pages=max(len(pages), 1), page=pages[0] if pages else 0)
    examined = listed[found.page]
    width, height = examined.one(WIDTH), examined.one(HEIGHT)
    if width * height > limits.max_pixels:
        raise Rejected(Code.TOO_MANY_PIXELS, f"{width}x{height}")
    if max(examined.values.get(BITS, (1,))) > 8:
        found.flags.add(Flag.HIGH_BIT_DEPTH)
    if examined.one(SAMPLE_FORMAT, 1) == FRACTIONS and set(examined.values.get(BITS, ())) == {32}:
        found.libav = "else"
    if len(pages) > 1:
        found.flags.add(Flag.MULTI_PAGE)
    found.complete = whole and all(_is_there(source, one) for one in listed)
    return found


def _is_there(source: Source, directory: Directory) -> bool:
    for places, lengths in ((STRIPS, STRIP_BYTES), (TILES, TILE_BYTES)):
        starts, sizes = directory.values.get(places, ()), directory.values.get(lengths, ())
        if any(at + size > source.size for at, size in zip(starts, sizes, strict=False)):
            return False
    return True


def _refuse_raw(source: Source, listed: list[Directory]) -> None:
    """Cameras keep what their sensor saw in a TIFF too, beside small finished pictures. To
    examine one of those as the file would mislead."""
    raw = source.peek(8, 2) == b"CR" or any(
        DNG_VERSION in one.tags or one.one(PHOTOMETRIC) in (COLOUR_FILTER, LINEAR_RAW)
        for one in listed
    )
    if raw or (listed[0].is_thumbnail and SUB_DIRECTORIES in listed[0].tags):
        raise Rejected(Code.VARIANT_NOT_READ, "camera raw")
