"""The list of what is to be evaluated: a CSV with a row a file, its label, and what it belongs to.

A manifest is wrong as a whole or right as a whole: everything that can be known before the first
file is examined is checked here, and reported in one sentence.
"""

from __future__ import annotations

import csv
import functools
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LABELS = {"real": False, "fake": True}
GROUPS = ("group", "identity", "speaker", "pair")
"""Columns that say what belongs together, the most telling first."""


class ManifestRefused(ValueError):
    """The manifest cannot be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Case:
    """One file whose answer is known."""

    row: int
    name: str
    """As it stands in the manifest."""
    path: Path
    """The file itself, or the archive that holds it."""
    member: str
    fake: bool
    group: str
    """What is drawn together when an interval is computed."""
    source: str = ""
    method: str = ""
    sha256: str = ""
    """As promised; empty where the manifest promises nothing."""


def read(path: Path, *, split: str | None = None) -> list[Case]:
    """All rows, or those of one split. Raises ManifestRefused."""
    rows = _rows(path)
    columns = set(rows[0][1]) if rows else set()
    if "label" not in columns:
        raise ManifestRefused("The manifest has no column label.")
    if "path" not in columns and not {"archive", "member"} <= columns:
        raise ManifestRefused("The manifest has no column path (nor archive and member).")
    if split is not None:
        if "split" not in columns:
            raise ManifestRefused("The manifest has no column split, so no split can be chosen.")
        rows = [(number, row) for number, row in rows if row["split"] == split]
        if not rows:
            raise ManifestRefused(f"The manifest has no row of the split {split!r}.")
    cases = [_case(path.parent, number, row) for number, row in rows]
    _check_there(cases)
    return cases


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            found = []
            for row in reader:
                if None in row or None in row.values():
                    raise ManifestRefused(
                        f"Row {reader.line_num}: it has not as many fields as the first line has "
                        "columns."
                    )
                found.append((reader.line_num, {k.strip(): v.strip() for k, v in row.items()}))
    except UnicodeDecodeError as error:
        raise ManifestRefused("The manifest is not UTF-8 text.") from error
    except csv.Error as error:
        raise ManifestRefused(f"The manifest is not a CSV file: {error}.") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ManifestRefused(f"The manifest could not be read: {reason}.") from error
    if not found:
        raise ManifestRefused("The manifest has no rows.")
    return found


def _case(folder: Path, number: int, row: Mapping[str, str]) -> Case:
    label = row["label"].lower()
    if label not in LABELS:
        raise ManifestRefused(f"Row {number}: the label is {row['label']!r}, not real or fake.")
    if row.get("path"):
        name, member = row["path"], ""
        path = folder / name
    elif row.get("archive") and row.get("member"):
        name, member = f"{row['archive']}:{row['member']}", row["member"]
        path = folder / row["archive"]
    else:
        raise ManifestRefused(f"Row {number}: it names no file.")
    if "\0" in name:
        raise ManifestRefused(f"Row {number}: a path cannot hold a NUL character.")
    named = [f"{column} {row[column]}" for column in GROUPS if row.get(column)]
    return Case(
        row=number,
        name=name,
        path=path,
        member=member,
        fake=LABELS[label],
        group=named[0] if named else f"row {number}",
        source=row.get("source", ""),
        method=row.get("method", ""),
        sha256=row.get("sha256", "").lower(),
    )


def _check_there(cases: Sequence[Case]) -> None:
    """Every file is there, and none is listed twice: it would count twice."""
    listed: dict[tuple[Path, str], int] = {}
    members: dict[Path, set[str]] = {}
    for case in cases:
        whole = case.path.resolve()
        first = listed.setdefault((whole, case.member), case.row)
        if first != case.row:
            raise ManifestRefused(f"Rows {first} and {case.row} name the same file {case.name!r}.")
        if whole not in members:
            if not whole.is_file():
                what = "no such file" if not whole.exists() else "not a file"
                raise ManifestRefused(f"Row {case.row}: {case.path.name!r} is {what}.")
            members[whole] = _members(case) if case.member else set()
        elif case.member and not members[whole]:
            members[whole] = _members(case)
        if case.member and case.member not in members[whole]:
            raise ManifestRefused(f"Row {case.row}: {case.name!r} is not in the archive.")


def _members(case: Case) -> set[str]:
    try:
        with zipfile.ZipFile(case.path) as archive:
            return set(archive.namelist())
    except (zipfile.BadZipFile, OSError) as error:
        raise ManifestRefused(f"Row {case.row}: {case.path.name!r} is not a zip file.") from error


@contextmanager
def opened(case: Case) -> Iterator[BinaryIO]:
    """A real file: what lies in an archive is copied out of it first, under no name."""
    if not case.member:
        with case.path.open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as spooled:
        with _archive(case.path).open(case.member) as packed:
            shutil.copyfileobj(packed, spooled)
        spooled.seek(0)
        yield spooled


@functools.lru_cache(maxsize=16)
def _archive(path: Path) -> zipfile.ZipFile:
    """Kept open: reading the index of a large archive for each member takes longer than reading
    the member."""
    return zipfile.ZipFile(path)
