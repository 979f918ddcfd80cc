"""Matroska and WebM: their elements, down to the clusters, and whether the last one is whole."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.containers.extent import Extent, note_trailing
from sandbox.source import Source
from sandbox.types import Code, Limits, Rejected

MAX_ELEMENTS = 300_000
MAX_ATTACHMENTS = 64
SEGMENT, CLUSTER, TRACKS, TRACK_ENTRY = 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE
ATTACHMENTS, ATTACHED_FILE, EBML_HEAD = 0x1941A469, 0x61A7, 0x1A45DFA3
_INSIDE = {SEGMENT, TRACKS, ATTACHMENTS}


@dataclass(frozen=True, slots=True)
class Element:
    id: int
    offset: int
    """Of its body."""
    length: int | None
    """None: not written, as in a live stream."""


def element(source: Source, at: int) -> Element | None:
    """The element at this place; None where its head is cut or is no head."""
    head = source.peek(at, 12)
    if not head or not head[0]:
        return None
    id_length = 9 - head[0].bit_length()
    if id_length > 4 or len(head) <= id_length or not head[id_length]:
        return None
    size_length = 9 - head[id_length].bit_length()
    if len(head) < id_length + size_length:
        return None
    raw = int.from_bytes(head[id_length : id_length + size_length], "big")
    length = raw & ((1 << 7 * size_length) - 1)
    unknown = length == (1 << 7 * size_length) - 1
    return Element(
        int.from_bytes(head[:id_length], "big"),
        at + id_length + size_length,
        None if unknown else length,
    )


def extent(source: Source, limits: Limits) -> Extent:
    at = tracks = attachments = 0
    end_of_segment: int | None = None
    promised = False
    for _ in range(MAX_ELEMENTS):
        if at >= source.size:
            break
        one = element(source, at)
        if one is None:
            return _odd(source, at, end_of_segment)
        if one.id == TRACK_ENTRY:
            tracks += 1
        elif one.id == ATTACHED_FILE:
            attachments += 1
        if tracks > limits.max_streams or attachments > MAX_ATTACHMENTS:
            raise Rejected(Code.CORRUPT, f"{tracks} tracks, {attachments} attachments")
        if one.id == SEGMENT:
            promised = one.length is not None
            end_of_segment = one.offset + one.length if one.length is not None else None
        if one.id in _INSIDE or one.length is None:
            at = one.offset
        else:
            at = one.offset + one.length
            if at > source.size:
                return Extent(complete=False)
    else:
        raise Rejected(Code.CORRUPT, "too many elements")
    if end_of_segment is not None and end_of_segment > source.size:
        return Extent(complete=False)
    return Extent(complete=True if promised else None)


def _odd(source: Source, at: int, end_of_segment: int | None) -> Extent:
    """No element stands here: behind the segment it was appended, inside it something broke."""
    found = Extent(complete=False)
    if end_of_segment is not None and at >= end_of_segment:
        found.complete = True
        note_trailing(found, source, at)
    return found
