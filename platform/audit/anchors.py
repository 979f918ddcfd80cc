"""Writes checkpoints to a file outside the database, so that deleting them in the database is
noticed.

The file has one line of JSON for each checkpoint. Copy it to another machine or paper: with an old
line, anyone can prove that the record was rolled back or truncated. `anchor_store.py` keeps
checkpoints in a bucket, which several machines share. Uses no Django.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Protocol

TAIL = 64 * 1024
"""More than any line has."""


class Anchor(Protocol):
    """A place outside the database that keeps checkpoints. An `OSError` says that it cannot be
    reached."""

    def last(self) -> str | None:
        """The newest checkpoint that it keeps."""

    def notes(self, since: int = 0) -> Iterator[tuple[str, str]]:
        """The checkpoints that cover as many events as `since` or more, and where each one is."""

    def write(self, newest: str, after: Callable[[int], Iterable[str]]) -> None:
        """Adds what it does not keep yet, up to `newest`. `after` gives the checkpoints of more
        events than that, in order."""


class AnchorFile:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __str__(self) -> str:
        return str(self.file)

    def last(self) -> str | None:
        return last_note(self.file)

    def notes(self, since: int = 0) -> Iterator[tuple[str, str]]:
        for number, note in enumerate(notes_in(self.file), start=1):
            if covers(note, since):
                yield note, f"in {self.file}, line {number},"

    def write(self, newest: str, after: Callable[[int], Iterable[str]]) -> None:
        noted = self.last()
        catch_up(self.file, after(size_of(noted) if noted else -1))


def notes_in(file: Path) -> Iterator[str]:
    """Every whole line, one at a time; a torn last line (a crash while writing) is no statement."""
    try:
        lines = file.open()
    except FileNotFoundError:
        return
    with lines:
        for line in lines:
            if line.endswith("\n"):
                yield note_of(line)


def last_note(file: Path) -> str | None:
    """The last whole line, read from the file's end: its length does not matter."""
    try:
        with file.open("rb") as anchor:
            return _last(anchor)[0]
    except FileNotFoundError:
        return None


def _last(anchor: IO[bytes]) -> tuple[str | None, int]:
    """The last whole line, and where the whole lines end."""
    end = anchor.seek(0, os.SEEK_END)
    reach = TAIL
    while True:
        begin = max(end - reach, 0)
        anchor.seek(begin)
        tail = anchor.read(end - begin)
        whole = tail.rfind(b"\n") + 1
        before = tail.rfind(b"\n", 0, max(whole - 1, 0)) + 1
        if whole and (before or begin == 0):
            return note_of(tail[before:whole]), begin + whole
        if begin == 0:
            return None, 0
        reach *= 2


def note_of(line: str | bytes) -> str:
    """The checkpoint in a line. What is none is empty, and so a finding."""
    try:
        return str(json.loads(line)["note"])
    except (ValueError, KeyError, TypeError):
        return ""


def size_of(note: str) -> int:
    """How many events a checkpoint covers, as its second line says."""
    return int(note.split("\n", 2)[1])


def covers(note: str, size: int) -> bool:
    """What cannot be read is not left out: it is a finding."""
    try:
        return size_of(note) >= size
    except (ValueError, IndexError):
        return True


def line_of(note: str) -> bytes:
    return json.dumps({"note": note}, ensure_ascii=False).encode() + b"\n"


def catch_up(file: Path, notes_after: Iterable[str]) -> int:
    """Append the checkpoints that the file does not know yet; several sealers may try at once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as anchor:
        fcntl.flock(anchor, fcntl.LOCK_EX)
        last, whole = _last(anchor)
        known = size_of(last) if last else -1
        anchor.truncate(whole)  # a torn line
        count = 0
        for note in notes_after:
            if size_of(note) > known:
                anchor.write(line_of(note))
                count += 1
        anchor.flush()
        os.fsync(anchor.fileno())
    return count
