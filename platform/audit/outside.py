"""The evidence outside the database: anchors and marks. Uses no Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .anchors import Anchor

AtLeast = int | str
"""So many sealed events, or a signed checkpoint that somebody remembered."""


@dataclass(frozen=True)
class Outside:
    anchored: Mapping[str, str] = field(default_factory=dict)
    """Every checkpoint in the anchors, and where it is; one that several hold, once."""
    unreachable: list[str] = field(default_factory=list)
    """Anchors that were not compared, and why."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Single checkpoints, by what they are called."""
    least: int = 0

    @classmethod
    def of(
        cls,
        anchors: Iterable[Anchor],
        least: AtLeast | None = None,
        marks: Mapping[str, str] | None = None,
        *,
        since: int = 0,
    ) -> Outside:
        """`since`: only checkpoints that cover so many events. The first anchor must be readable;
        another one that is away is named, and hides no finding of the others."""
        anchored: dict[str, str] = {}
        unreachable = []
        for number, anchor in enumerate(anchors):
            try:
                anchored = dict(anchor.notes(since)) | anchored
            except OSError as error:
                if number == 0:
                    raise
                unreachable.append(
                    f"the anchor {anchor} cannot be read, so it was not compared: {error}"
                )
        remembered = {"the checkpoint that you remembered": least} if isinstance(least, str) else {}
        return cls(
            anchored=anchored,
            unreachable=unreachable,
            marks={**(marks or {}), **remembered},
            least=least if isinstance(least, int) else 0,
        )


def at_least(given: str | None) -> AtLeast | None:
    """From the command line: a number, or a file that holds a checkpoint."""
    if given is None or not given.strip():
        return None
    return int(given) if given.isdecimal() else Path(given).read_text()
