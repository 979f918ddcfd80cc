"""How much a file promises by its own structure, against how much of it is there."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.sniff import Kind
from sandbox.source import Source


@dataclass(slots=True)
class Extent:
    complete: bool | None = None
    """None: the format does not say."""
    frames: int | None = None
    flags: set[str] = field(default_factory=set)


def of_image(source: Source, kind: Kind) -> Extent:
    return Extent()


def of_recording(source: Source, kind: Kind) -> Extent:
    return Extent()
