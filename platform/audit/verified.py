"""Remembers how far the record was verified: a signed note of each run without findings, from which
the next run continues.

The note is stored in the database and signed by this site's key, so that write access to the
database does not suffice to forge it. Its origin differs from that of checkpoints, so no checkpoint
can be passed off as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from . import clock, exporting, notes
from .anchors import Anchor, covers
from .keys import KeysRefused, signing_key
from .merkle import Tree
from .models import Checkpoint, Comparison
from .outside import Outside
from .reporting import Problem, Report
from .verifier import Line, Verifier

Progress = Callable[[Iterable[Line]], Iterable[Line]]
ORIGIN = "/audit-verified"


class ForgedNote(ValueError):
    """What says how far the record was verified cannot be trusted."""


def note_of(report: Report) -> str:
    """For a report without findings: it was verified to its last checkpoint. Empty when there is
    nothing to sign."""
    last = Checkpoint.objects.filter(size=report.sealed).first()
    if not report.ok or last is None:
        return ""
    try:
        key = signing_key()
    except KeysRefused:
        return ""  # this machine verifies and does not sign
    origin = f"{key.name}{ORIGIN}"
    return key.sign(notes.Statement(origin, last.size, bytes(last.root), clock.now()).text())


def last_verified(trusted: list[notes.PublicKey]) -> Checkpoint | None:
    """The checkpoint that the last whole run reached, or None; `ForgedNote` if it cannot be
    trusted."""
    kept = Comparison.objects.exclude(note="").first()
    if kept is None:
        return None
    again = "Run `manage.py audit verify`, which takes everything."
    try:
        statement = notes.read(kept.note, trusted)
    except notes.BadNote as problem:
        raise ForgedNote(f"How far the record was verified is forged: {problem} {again}") from None
    found = Checkpoint.objects.filter(size=statement.size).first()
    if not statement.origin.endswith(ORIGIN):
        raise ForgedNote(f"How far the record was verified is forged: it is another note. {again}")
    if (
        found is None
        or bytes(found.root) != statement.root
        or _tree(found).root() != statement.root
    ):
        raise ForgedNote(
            f"The checkpoint of {statement.size} events is not the one that was verified. {again}"
        )
    return found


def verify_new(
    trusted: list[notes.PublicKey],
    anchors: list[Anchor],
    mark: str | None,
    verified: Checkpoint,
    progress: Progress = iter,
) -> Report:
    """What came after `verified`, against the same keys, anchors and mark as the whole record."""
    marks = {"the high-water mark": mark} if mark and covers(mark, verified.size) else {}
    outside = Outside.of(anchors, None, marks, since=verified.size)
    verifier = Verifier(trusted, outside, _tree(verified))
    return verifier.run(progress(exporting.lines_since(verified, verifier.comparer.keys)))


def refused(problem: ForgedNote) -> Report:
    report = Report()
    report.add(Problem(str(problem)))
    return report


def _tree(checkpoint: Checkpoint) -> Tree:
    try:
        return Tree.unpacked(checkpoint.size, bytes(checkpoint.frontier))
    except ValueError:
        return Tree()
