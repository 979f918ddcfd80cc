"""RIFF: WebP, AVI and WAV."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.containers.extent import Extent, note_trailing
from sandbox.source import Source
from sandbox.types import Code, Limits, Rejected

MAX_CHUNKS = 1_000_000


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
    video, promised = _avi_video(source, end)
    frames, at = 0, 0
    while source.peek(at, 4) == b"RIFF":
        length = int.from_bytes(source.peek(at + 4, 4), "little")
        if length in (0, 0xFFFFFFFF):
            break
        end = at + 8 + length
        frames += _avi_frames(source, at + 12, min(end, source.size), video)
        if end > source.size:
            found.complete = False
        at = end + (end & 1)
    # The header's count includes empty chunks, which repeat a picture: those are no frames.
    whole = found.complete is not False
    found.frames = (frames if whole else max(frames, promised)) or None
    note_trailing(found, source, end + (end & 1))
    return found


def _avi_video(source: Source, end: int) -> tuple[bytes, int]:
    """The two digits that the video's chunks begin with, and the length that its header states."""
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
                return b"%02d" % stream, int.from_bytes(source.peek(header + 32, 4), "little")
            stream += 1
    return b"", 0


def _avi_frames(source: Source, start: int, end: int, video: bytes) -> int:
    names = {video + b"dc", video + b"db"} if video else set()
    count = 0
    for name, at, length in chunks(source, start, end):
        if name == b"LIST" and source.peek(at, 4) in (b"movi", b"rec "):
            count += _avi_frames(source, at + 4, min(at + length, end), video)
        elif name in names and length:
            count += 1
    return count
