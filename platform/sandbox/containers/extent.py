"""Compares how much a file promises with how much of it is present."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sandbox.source import Source
from sandbox.types import Flag


@dataclass(slots=True)
class Extent:
    complete: bool | None = None
    """None: the format does not say."""
    frames: int | None = None
    """Frames of the first video track, or of an animation, where they are stated or countable."""
    frames_by_stream: dict[int, int] = field(default_factory=dict)
    """The same of each video track, by its number in the file."""
    pages: int | None = None
    """The number of pages in a picture file; thumbnails are not counted."""
    page: int = 0
    """The one that is examined, among all pictures in the file."""
    libav: Literal["", "first", "else"] = ""
    """Whether libav reads this variant of a still: better than Pillow, or where Pillow cannot."""
    missing_end: bytes = b""
    """What a decoder needs at the end of a truncated file to return what it has."""
    flags: set[str] = field(default_factory=set)

    def frames_of_stream(self, number: int) -> int | None:
        """Of the video track with this number; of the only one that is counted if it has none."""
        return self.frames_by_stream.get(number) if self.frames_by_stream else self.frames


def note_trailing(extent: Extent, source: Source, end: int) -> None:
    """Bytes after the end that are more than padding."""
    if end < source.size and source.at(end, 1 << 20).strip(b"\0"):
        extent.flags.add(Flag.TRAILING_DATA)
