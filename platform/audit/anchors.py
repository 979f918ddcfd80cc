"""Checkpoints written down outside the database, so that it cannot forget them unnoticed.

One line of JSON for each checkpoint. Ship this file to another machine, a write-once bucket or a
printer: whoever holds an old line can tell that the record was rolled back or cut.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from pathlib import Path


def notes_in(file: Path) -> list[str]:
    """Every whole line; a torn last line (a crash while writing) is no statement."""
    if not file.exists():
        return []
    notes = []
    for line in file.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            notes.append(str(json.loads(line)["note"]))
    return notes


def size_of(note: str) -> int:
    """How many events a checkpoint covers, as its second line says."""
    return int(note.split("\n", 2)[1])


def catch_up(file: Path, notes_after: Iterable[str]) -> int:
    """Append the checkpoints that the file does not know yet; several sealers may try at once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+") as anchor:
        fcntl.flock(anchor, fcntl.LOCK_EX)
        known = max((size_of(note) for note in notes_in(file)), default=-1)
        anchor.seek(0)
        text = anchor.read()
        if text and not text.endswith("\n"):
            anchor.truncate(len(text[: text.rfind("\n") + 1].encode()))
        count = 0
        for note in notes_after:
            if size_of(note) > known:
                anchor.write(json.dumps({"note": note}, ensure_ascii=False) + "\n")
                count += 1
        anchor.flush()
        os.fsync(anchor.fileno())
    return count
