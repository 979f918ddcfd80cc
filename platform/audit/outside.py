"""The evidence outside the database: anchor files and marks. Uses no Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import anchors

AtLeast = int | str
"""So many sealed events, or a signed checkpoint that somebody remembered."""


@dataclass(frozen=True)
class Outside:
    anchored: list[str] = field(default_factory=list)
    """Every checkpoint in the anchor files; one that several hold, once."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Single checkpoints, by what they are called."""
    least: int = 0

    @classmethod
    def of(
        cls,
        files: Iterable[Path],
        least: AtLeast | None = None,
        marks: Mapping[str, str] | None = None,
    ) -> Outside:
        lines = (note for file in files for note in anchors.notes_in(file))
        remembered = {"the checkpoint that you remembered": least} if isinstance(least, str) else {}
        return cls(
            anchored=list(dict.fromkeys(lines)),
            marks={**(marks or {}), **remembered},
            least=least if isinstance(least, int) else 0,
        )


def at_least(given: str | None) -> AtLeast | None:
    """From the command line: a number, or a file that holds a checkpoint."""
    if given is None or not given.strip():
        return None
    return int(given) if given.isdecimal() else Path(given).read_text()
