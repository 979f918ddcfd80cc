"""RIFF: WebP, AVI and WAV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sandbox.containers.extent import Extent, note_trailing
from sandbox.source import Source
from sandbox.types import Code, Limits, Rejected

MAX_CHUNKS = 1_000_000
LISTS_IN_LISTS = 2
"""`movi` holds frames, or lists `rec ` of frames; nothing lies deeper."""


def chunks(source: Source, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, offset of the data, length) in a row, without going into lists."""
    at = start
    for _ in range(MAX_CHUNKS):
        head = source.peek(at, 8)
        if len(head) < 8 or at >= end:
            return
        length = int.from_bytes(head[4:], "little")
        yield head[:4], at + 8, length
        at += 8 + length + (length & 1)


def _whole(source: Source) -> tuple[int, bool | None]:
    """Where the RIFF form says that it ends, and whether that much is there."""
    length = int.from_bytes(source.peek(4, 4), "little")
    if length in (0, 0xFFFFFFFF):
        return source.size, None  # written as a stream: nobody knew
    return 8 + length, 8 + length <= source.size


def webp_extent(source: Source, limits: Limits) -> Extent:
    end, complete = _whole(source)
    found, pixels = Extent(complete=complete), 0
    frames = 0
    for name, at, _ in chunks(source, 12, min(end, source.size)):
        if name != b"ANMF":
            continue
        head = source.peek(at, 16)
        width, height = (int.from_bytes(head[i : i + 3], "little") + 1 for i in (6, 9))
        frames, pixels = frames + 1, pixels + width * height
        if width * height > limits.max_pixels or pixels > limits.max_animation_pixels:
            raise Rejected(Code.TOO_MANY_PIXELS, f"{pixels} pixels")
        if frames > limits.max_animation_frames:
            raise Rejected(Code.TOO_MANY_FRAMES, f"more than {limits.max_animation_frames}")
    found.frames = frames or 1
    note_trailing(found, source, end)
    return found


def wav_extent(source: Source, limits: Limits) -> Extent:
    found = Extent()
    end, complete = _whole(source)
    for name, at, length in chunks(source, 12, source.size):
        if name == b"data":
            if length in (0, 0xFFFFFFFF):
                return found
            complete = at + length <= source.size
            end = max(end, at + length)
            break
    found.complete = complete
    note_trailing(found, source, end + (end & 1))
    return found


def avi_extent(source: Source, limits: Limits) -> Extent:
    """Large AVIs are several RIFF forms in a row; the last one must be whole."""
    end, complete = _whole(source)
    found = Extent(complete=complete)
    promised = _avi_videos(source, end)
    frames: Counter[bytes] = Counter()
    at = 0
    while source.peek(at, 4) == b"RIFF":
        length = int.from_bytes(source.peek(at + 4, 4), "little")
        if length in (0, 0xFFFFFFFF):
            break
        end = at + 8 + length
        _avi_frames(source, at + 12, min(end, source.size), frames, LISTS_IN_LISTS)
        if end > source.size:
            found.complete = False
        at = end + (end & 1)
    # The header's count includes empty chunks, which repeat a picture: those are no frames.
    whole = found.complete is not False
    for stream, stated in promised.items():
        digits = b"%02d" % stream
        counted = frames[digits + b"dc"] + frames[digits + b"db"]
        there = counted if whole else max(counted, stated)
        if there:
            found.frames_by_stream[stream] = there
            found.frames = found.frames or there
    note_trailing(found, source, end + (end & 1))
    return found


def _avi_videos(source: Source, end: int) -> dict[int, int]:
    """The length that the header of each video stream states, by the stream's number."""
    found: dict[int, int] = {}
    stream = 0
    for name, at, length in chunks(source, 12, min(end, source.size)):
        if name != b"LIST" or source.peek(at, 4) != b"hdrl":
            continue
        for inner, place, size in chunks(source, at + 4, at + length):
            if inner != b"LIST" or source.peek(place, 4) != b"strl":
                continue
            header = next(
                (a for n, a, _ in chunks(source, place + 4, place + size) if n == b"strh"), None
            )
            if header is not None and source.peek(header, 4) == b"vids":
                found[stream] = int.from_bytes(source.peek(header + 32, 4), "little")
            stream += 1
    return found


def _avi_frames(source: Source, start: int, end: int, frames: Counter[bytes], deeper: int) -> None:
    for name, at, length in chunks(source, start, end):
        if name == b"LIST" and deeper and source.peek(at, 4) in (b"movi", b"rec "):
            _avi_frames(source, at + 4, min(at + length, end), frames, deeper - 1)
        elif length and name[2:] in (b"dc", b"db"):
            frames[name] += 1
