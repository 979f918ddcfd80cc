"""MP3: frames in a row, against the count that encoders leave in the first one."""

from __future__ import annotations

from sandbox.containers.extent import Extent
from sandbox.sniff import mpeg_frame_length
from sandbox.source import Source
from sandbox.types import Limits

MAX_FRAMES = 1_000_000


def start(source: Source) -> int:
    """Where the first frame is: after any ID3v2 tag."""
    head = source.peek(0, 10)
    at = 0
    if head[:3] == b"ID3" and len(head) == 10:
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        at = 10 + size + (10 if head[5] & 0x10 else 0)
    for skip in range(4096):  # some writers pad after the tag
        if mpeg_frame_length(source.peek(at + skip, 4)):
            return at + skip
    return at


def extent(source: Source, limits: Limits) -> Extent:
    at = start(source)
    promised = _promised(source, at)
    frames, partial = 0, False
    while frames < MAX_FRAMES:
        length = mpeg_frame_length(source.peek(at, 4))
        if not length:
            break
        if at + length > source.size:
            partial = True
            break
        frames, at = frames + 1, at + length
    rest = source.peek(at, 8)
    cut_header = rest[:1] == b"\xff" and len(rest) < 4
    if partial or cut_header:
        return Extent(complete=False)
    if promised is not None:
        return Extent(complete=frames - 1 >= promised)  # the first frame holds only the count
    return Extent()


def _promised(source: Source, at: int) -> int | None:
    head = source.peek(at, 64)
    if len(head) < 64:
        return None
    mono, newer = head[3] >> 6 == 3, (head[1] >> 3) & 3 != 3
    place = 4 + ((9 if mono else 17) if newer else (17 if mono else 32))
    if head[place : place + 4] in (b"Xing", b"Info") and head[place + 7] & 1:
        return int.from_bytes(head[place + 8 : place + 12], "big")
    return None
