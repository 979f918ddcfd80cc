"""The files of a protocol that are here: which sets, whether they are the ones that it names, and
which of their files this run takes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ml.evaluation.manifest import Case
from ml.evaluation.protocols import adapters
from ml.evaluation.protocols.adapters import Found
from ml.evaluation.protocols.changes import QUARTER
from ml.evaluation.protocols.reading import Protocol, ProtocolRefused, SetOfMedia
from ml.evaluation.running import Change, Task

MOST_TO_FIT = 120
"""Files of a set that opponents learn from; of a sample at most twice as many as are reported."""


@dataclass(frozen=True)
class Item:
    """One file that this run uses."""

    case: Case
    of: SetOfMedia
    before: Change | None = None
    """What makes the file of the protocol from the file of the set."""

    @property
    def task(self) -> Task:
        return Task(self.case, self.before)


@dataclass(frozen=True)
class SetHere:
    """What was found of one set."""

    of: SetOfMedia
    files: int = 0
    missing: int = 0
    unlabelled: int = 0
    listing: str = ""
    reported: int = 0
    here: bool = True

    @property
    def as_promised(self) -> bool | None:
        """None where the protocol promises nothing, or nothing is here."""
        return self.listing == self.of.listing if self.here and self.of.listing else None

    def as_json(self) -> dict[str, Any]:
        one = self.of
        return {
            "set": one.name,
            "what": one.what,
            "repository": one.repository or one.address,
            "commit": one.commit,
            "terms": one.terms,
            "here": self.here,
            "files": self.files,
            "missing": self.missing,
            "unlabelled": self.unlabelled,
            "reported": self.reported,
            "splits": list(one.report),
            "listing": self.listing,
            "as_promised": self.as_promised,
        }


@dataclass(frozen=True)
class Gathered:
    sets: tuple[SetHere, ...]
    report: tuple[Item, ...]
    fit: tuple[Item, ...]
    """For opponents that learn; never reported."""


def gather(protocol: Protocol, roots: Sequence[Path], *, sample: int = 0) -> Gathered:
    """All sets that are in one of the folders. `sample`: at most so many files of a set, the same
    ones every time. Raises ProtocolRefused where no set is here."""
    sets: list[SetHere] = []
    report: list[Item] = []
    fit: list[Item] = []
    for one in protocol.sets:
        found = adapters.found_in(one, roots)
        if found is None:
            sets.append(SetHere(one, here=False))
            continue
        reported = chosen(_of_splits(found.files, one.report), one.name, sample)
        most = min(2 * sample, MOST_TO_FIT) if sample else MOST_TO_FIT
        learnt = chosen(_of_splits(found.files, one.fit), one.name, most) if one.fit else []
        listing = adapters.listing(found.files)
        counts = len(found.files), found.missing, found.unlabelled
        sets.append(SetHere(one, *counts, listing, len(reported), here=bool(found.files)))
        for items, files in ((report, reported), (fit, learnt)):
            items += [Item(_case(file), one, QUARTER if one.sheet else None) for file in files]
    if not report:
        here = ", ".join(map(str, roots))
        raise ProtocolRefused(f"None of the files of the protocol {protocol.name} is in {here}.")
    return Gathered(tuple(sets), _numbered(report, 0), _numbered(fit, len(report)))


def _of_splits(files: Sequence[Found], splits: Sequence[str]) -> list[Found]:
    return [file for file in files if not splits or file.split in splits]


def chosen(files: Sequence[Found], name: str, most: int) -> list[Found]:
    """At most so many, kinds and sources in turn; within each by a hash of the path, so that the
    choice says nothing about the content and is the same everywhere. 0: all, in that order."""
    rows: dict[tuple[str, str], list[Found]] = {}
    for file in files:
        rows.setdefault((file.method, file.source), []).append(file)
    for row in rows.values():
        row.sort(key=lambda file: _hash(f"{name}/{file.path}"))
    longest = max(map(len, rows.values()), default=0)
    turns = [row[turn] for turn in range(longest) for _, row in sorted(rows.items())
             if turn < len(row)]  # fmt: skip
    return turns[: most or None]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _case(file: Found) -> Case:
    return Case(
        row=0,
        name=file.path,
        path=file.file,
        member=file.member,
        fake=file.fake,
        group=file.group,
        source=file.source,
        method=file.method,
    )


def _numbered(items: Sequence[Item], first: int) -> tuple[Item, ...]:
    """The row identifies a file in a run, so no two files of all sets share a number."""
    return tuple(
        replace(item, case=replace(item.case, row=number))
        for number, item in enumerate(items, first + 1)
    )
