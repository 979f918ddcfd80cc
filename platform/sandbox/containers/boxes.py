"""ISO base media (MP4, MOV, M4A, HEIF, AVIF): its boxes, its tracks, and what they promise."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from sandbox.containers.extent import Extent, note_trailing
from sandbox.source import Source
from sandbox.types import Code, Flag, Limits, Rejected

MAX_BOXES = 20_000
MAX_DEPTH = 12
MAX_ITEMS = 1_000
_OPEN_ENDED = {b"mdat", b"free", b"skip", b"uuid", b"jp2c", b"jxlc", b"jxlp"}
_PARENTS = {
    b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"edts", b"udta", b"mvex", b"moof",
    b"traf", b"mfra", b"meta", b"ilst", b"iprp", b"ipco", b"tapt", b"gmhd",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Box:
    type: bytes
    offset: int
    """The offset of its body."""
    length: int
    """The promised length of its body; the file may be shorter."""
    path: tuple[bytes, ...]
    """The types of the boxes it lies in."""


@dataclass(slots=True)
class Track:
    number: int = 0
    handler: bytes = b""
    samples: int = 0
    timed_samples: int = 0
    timescale: int = 1
    external: bool = False


@dataclass(slots=True)
class Film:
    boxes: list[Box] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    fragment_samples: dict[int, int] = field(default_factory=dict)
    end: int = 0
    """Where the last top-level box says that it ends."""
    broken: bool = False
    """Something that is no box stands where a box should."""


@functools.lru_cache(maxsize=1)
def walk(source: Source) -> Film:
    """All boxes, each followed by what lies in it, without recursion."""
    film = Film()
    stack: list[tuple[int, int, tuple[bytes, ...]]] = [(0, source.size, ())]
    while stack:
        at, end, path = stack.pop()
        if at + 8 > end:
            film.broken |= not path and at < end
            continue
        box, after = _box(source, at, end, path)
        if box is None:
            film.broken |= not path
            continue
        film.boxes.append(box)
        if len(film.boxes) > MAX_BOXES or len(path) > MAX_DEPTH:
            raise Rejected(Code.CORRUPT, "too many boxes")
        if not path:
            film.end = after
        stack.append((after, end, path))
        if box.type in _PARENTS:
            skip = 4 if box.type == b"meta" and _is_full_meta(source, box) else 0
            stack.append((box.offset + skip, min(after, source.size), (*path, box.type)))
    return film


def _box(source: Source, at: int, end: int, path: tuple[bytes, ...]) -> tuple[Box | None, int]:
    head = source.peek(at, 16)
    length, kind, body = int.from_bytes(head[:4], "big"), head[4:8], 8
    if length == 1:
        length, body = int.from_bytes(head[8:16], "big"), 16
    elif length == 0:
        if path or kind not in _OPEN_ENDED:  # "to the end of the file"
            return None, end
        length = max(source.size - at, 8)
    if length < body or at + length >= 2**63 or (path and at + length > end):
        return None, end
    if not path and not _looks_like_a_type(kind):
        return None, end
    return Box(kind, at + body, length - body, path), at + length


def _looks_like_a_type(kind: bytes) -> bool:
    return len(kind) == 4 and all(32 <= byte < 127 or byte == 0xA9 for byte in kind)


def _is_full_meta(source: Source, box: Box) -> bool:
    """QuickTime's meta has no version field: its first child follows at once."""
    return source.peek(box.offset + 4, 4) != b"hdlr"


def _tracks(source: Source, film: Film) -> None:
    fragment = 0
    for box in film.boxes:
        if box.type == b"trak":
            film.tracks.append(Track())
            continue
        if box.type == b"tfhd":
            fragment = int.from_bytes(source.peek(box.offset + 4, 4), "big")
        elif box.type == b"trun":
            count = int.from_bytes(source.peek(box.offset + 4, 4), "big")
            film.fragment_samples[fragment] = film.fragment_samples.get(fragment, 0) + count
        if b"trak" not in box.path or not film.tracks:
            continue
        _track_box(source, box, film.tracks[-1])


def _track_box(source: Source, box: Box, track: Track) -> None:
    if box.type == b"tkhd":
        wide = source.peek(box.offset, 1) == b"\x01"
        track.number = int.from_bytes(source.peek(box.offset + (20 if wide else 12), 4), "big")
    elif box.type == b"hdlr" and box.path[-1] == b"mdia":
        track.handler = source.peek(box.offset + 8, 4)
    elif box.type == b"mdhd":
        wide = source.peek(box.offset, 1) == b"\x01"
        track.timescale = int.from_bytes(source.peek(box.offset + (20 if wide else 12), 4), "big")
    elif box.type in (b"stsz", b"stz2"):
        track.samples = int.from_bytes(source.peek(box.offset + 8, 4), "big")
    elif box.type == b"stts":
        track.timed_samples = _sum_of_counts(source, box)
    elif box.type == b"dref":
        track.external = _refers_elsewhere(source, box)


def _sum_of_counts(source: Source, box: Box) -> int:
    entries = min(int.from_bytes(source.peek(box.offset + 4, 4), "big"), (box.length - 8) // 8)
    total = 0
    table = source.at(box.offset + 8, min(entries, 1_000_000) * 8)
    for i in range(0, len(table) - 7, 8):
        total += int.from_bytes(table[i : i + 4], "big")
    return total


def _refers_elsewhere(source: Source, box: Box) -> bool:
    """A data reference without the flag that means: in this very file."""
    count = int.from_bytes(source.peek(box.offset + 4, 4), "big")
    at = box.offset + 8
    for _ in range(min(count, 100)):
        entry = source.peek(at, 12)
        if len(entry) < 12:
            return False
        if not entry[11] & 1:
            return True
        at += max(int.from_bytes(entry[:4], "big"), 12)
    return False


def film_extent(source: Source, limits: Limits) -> Extent:
    film = walk(source)
    _tracks(source, film)
    if len(film.tracks) > limits.max_streams:
        raise Rejected(Code.CORRUPT, f"{len(film.tracks)} tracks")
    if any(track.external for track in film.tracks):
        raise Rejected(Code.EXTERNAL_REFERENCE, "dref")
    index = next((box for box in film.boxes if box.path == () and box.type == b"moov"), None)
    if index is None or index.offset + index.length > source.size:
        raise Rejected(Code.CORRUPT, "no_moov")
    found = Extent(complete=film.end <= source.size)
    for video in (t for t in film.tracks if t.handler == b"vide"):
        _count_frames(found, source, film, video)
    if film.broken:
        _after_the_boxes(found, source, film)
    return found


def _count_frames(found: Extent, source: Source, film: Film, video: Track) -> None:
    frames = video.samples + film.fragment_samples.get(video.number, 0)
    if frames > source.size:
        found.flags.add(Flag.FRAME_COUNT_IMPLAUSIBLE)
    elif frames:
        found.frames_by_stream[video.number] = frames
        found.frames = found.frames or frames
    if video.timed_samples != video.samples or not video.timescale:
        found.flags.add(Flag.TIMESTAMPS_INVALID)


def _after_the_boxes(found: Extent, source: Source, film: Film) -> None:
    """Bytes that are no box follow: something appended, or a box cut in its first bytes."""
    if source.size - film.end < 8:
        found.complete = False
    else:
        note_trailing(found, source, film.end)


def picture_extent(source: Source, limits: Limits) -> Extent:
    film = walk(source)
    found = Extent(complete=film.end <= source.size, frames=None)
    for box in film.boxes:
        if box.type == b"iinf":
            wide = source.peek(box.offset, 1) != b"\0"
            items = int.from_bytes(source.peek(box.offset + 4, 4 if wide else 2), "big")
            if items > MAX_ITEMS:
                raise Rejected(Code.CORRUPT, f"{items} items")
        elif box.type == b"ispe":
            size = source.peek(box.offset + 4, 8)
            width, height = int.from_bytes(size[:4], "big"), int.from_bytes(size[4:], "big")
            if width * height > limits.max_pixels:
                raise Rejected(Code.TOO_MANY_PIXELS, f"{width}x{height}")
    _tracks(source, film)
    if any(track.external for track in film.tracks):
        raise Rejected(Code.EXTERNAL_REFERENCE, "dref")
    if film.broken:
        _after_the_boxes(found, source, film)
    return found
