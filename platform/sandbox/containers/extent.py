"""How much a file promises, against how much of it is there."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.source import Source
from sandbox.types import Flag


@dataclass(slots=True)
class Extent:
    complete: bool | None = None
    """None: the format does not say."""
    frames: int | None = None
    """Frames of the first video track, or of an animation, where they are stated or countable."""
    missing_end: bytes = b""
    """What a decoder must be told at the end of a cut file to give what it has."""
    flags: set[str] = field(default_factory=set)


def note_trailing(extent: Extent, source: Source, end: int) -> None:
    """Bytes after the end that are more than padding."""
    if end < source.size and source.at(end, 1 << 20).strip(b"\0"):
        extent.flags.add(Flag.TRAILING_DATA)
