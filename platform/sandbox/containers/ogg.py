"""Ogg: the pages in a row; each stream's last page says that it is the last."""

from __future__ import annotations

from sandbox.containers.extent import Extent, note_trailing
from sandbox.source import Source
from sandbox.types import Limits

MAX_PAGES = 1_000_000


def extent(source: Source, limits: Limits) -> Extent:
    at = 0
    ended: dict[bytes, bool] = {}
    for _ in range(MAX_PAGES):
        head = source.peek(at, 27)
        if len(head) < 27 or head[:4] != b"OggS":
            break
        table = source.peek(at + 27, head[26])
        end = at + 27 + head[26] + sum(table)
        if len(table) < head[26] or end > source.size:
            return Extent(complete=False)
        serial = head[14:18]
        ended[serial] = bool(head[5] & 4) or (serial in ended and ended[serial])
        at = end
    found = Extent(complete=bool(ended) and all(ended.values()))
    if found.complete:
        note_trailing(found, source, at)
    elif at < source.size:
        found.complete = False
    return found
