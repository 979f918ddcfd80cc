"""From a set's folder to its files with their labels, by the layout that the set's makers gave it.

An adapter never opens a medium. Rows whose file is not there are counted and left out: many hold
a part of a large set.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ml.evaluation.protocols.reading import (
    LABELS,
    SEPARATORS,
    Adapter,
    FilesAdapter,
    Names,
    ProtocolRefused,
    SetOfMedia,
    TableAdapter,
)


@dataclass(frozen=True)
class Found:
    """One file of a set, with what the adapter knows about it."""

    path: str
    """Relative to the set's folder; of an archive's member `archive:member`."""
    file: Path
    member: str
    size: int
    fake: bool
    source: str
    method: str
    group: str
    split: str


@dataclass(frozen=True)
class Listed:
    """What an adapter found in a folder."""

    files: tuple[Found, ...]
    missing: int = 0
    """Rows of the table whose file is not there."""
    unlabelled: int = 0
    """Files or rows that are neither genuine nor fake by the protocol's words."""


def folders_of(adapter: Adapter, roots: Sequence[Path]) -> Iterator[Path]:
    """The data folders that may hold the set."""
    for root in roots:
        whole = root / adapter.folder
        wanted = whole / adapter.table if isinstance(adapter, TableAdapter) else whole
        if wanted.exists():
            yield whole


def found_in(one: SetOfMedia, roots: Sequence[Path]) -> Listed | None:
    """From the first data folder that has a file of the set: several may have a table of the same
    name. None where no folder may hold it."""
    first = None
    for folder in folders_of(one.adapter, roots):
        found = listed(one, folder)
        if found.files:
            return found
        first = first or found
    return first


def listed(one: SetOfMedia, folder: Path) -> Listed:
    """Raises ProtocolRefused where the folder is not laid out as the protocol says."""
    if isinstance(one.adapter, FilesAdapter):
        return _of_files(one, one.adapter, folder)
    return _of_table(one, one.adapter, folder)


def listing(found: Sequence[Found]) -> str:
    """SHA-256 over the lines `path TAB size`, sorted by path: which files a set has."""
    lines = sorted(f"{file.path}\t{file.size}\n" for file in found)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


# === By where files lie ===


def _of_files(one: SetOfMedia, adapter: FilesAdapter, folder: Path) -> Listed:
    pattern, keys = re.compile(adapter.pattern, re.IGNORECASE), _lists(one, adapter, folder)
    found: list[Found] = []
    unlabelled = 0
    for path in _walked(folder):
        match = pattern.search(path)
        if match is None or _excluded(adapter.names, path):
            continue
        values = {key: value for key, value in match.groupdict().items() if value}
        label = one.label or values.get("label", "").lower()
        if label not in LABELS:
            unlabelled += 1
            continue
        split = values.get("split", "")
        if adapter.lists:
            key = values.get("key", path)
            split = next((s for s, names in keys.items() if key in names), adapter.otherwise)
        file = folder / path
        size = file.stat().st_size
        found.append(_found(one, adapter.names, values | {"split": split}, path, file, "", size,
                            label == "fake"))  # fmt: skip
    return Listed(tuple(found), unlabelled=unlabelled)


def _walked(folder: Path) -> Iterator[str]:
    """Every file below, by its path with slashes, in the same order everywhere."""
    below = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        base = Path(root).relative_to(folder)
        below += [(base / name).as_posix() for name in names if not name.startswith(".")]
    yield from sorted(below)


def _lists(one: SetOfMedia, adapter: FilesAdapter, folder: Path) -> dict[str, set[str]]:
    found = {}
    for split, name in adapter.lists:
        try:
            text = (folder / name).read_text(encoding="utf-8")
            found[split] = set(_flat(json.loads(text)) if name.endswith(".json") else text.split())
        except (OSError, ValueError) as error:
            raise ProtocolRefused(f"{one.name}: its list {name!r} could not be read.") from error
    return found


def _flat(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for part in value:
            yield from _flat(part)
    else:
        yield str(value)


# === By a table ===


def _of_table(one: SetOfMedia, adapter: TableAdapter, folder: Path) -> Listed:
    found: list[Found] = []
    missing = unlabelled = 0
    members: dict[Path, dict[str, int]] = {}
    for row in _rows(one, adapter, folder):
        if any(row.get(column) not in allowed for column, allowed in adapter.where.items()):
            continue
        path = _filled(one, adapter.path, row).removeprefix(adapter.strip)
        if _excluded(adapter.names, path):
            continue
        label = one.label or _label(adapter, _filled(one, adapter.label, row))
        if label not in LABELS:
            unlabelled += 1
            continue
        archive = _filled(one, adapter.archive, row)
        name, member = (f"{archive}:{path}", path) if archive else (path, "")
        file = folder / _inside(one, archive or path)
        size = _size(file, member, members)
        if size is None:
            missing += 1
            continue
        values = {
            key: _filled(one, getattr(adapter, key), row)
            for key in ("method", "source", "group", "split")
        }
        found.append(_found(one, adapter.names, values, name, file, member, size, label == "fake"))
    return Listed(tuple(found), missing, unlabelled)


def _rows(one: SetOfMedia, adapter: TableAdapter, folder: Path) -> Iterator[dict[str, str]]:
    try:
        text = (folder / adapter.table).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolRefused(f"{one.name}: {adapter.table!r} could not be read.") from error
    lines = text.splitlines()[adapter.skip :]
    separator = SEPARATORS[adapter.separator]
    rows: Iterator[list[str]] = (line.split() for line in lines)
    if separator:
        rows = csv.reader(lines, delimiter=separator)
    names = list(adapter.columns) or [name.strip() for name in next(rows, [])]
    for row in rows:
        if row:
            yield {name: value.strip() for name, value in zip(names, row, strict=False)}


def _filled(one: SetOfMedia, template: str, row: Mapping[str, str]) -> str:
    try:
        return template.format_map(row)
    except KeyError as error:
        raise ProtocolRefused(f"{one.name}: its table has no column {error.args[0]!r}.") from error
    except (ValueError, IndexError, AttributeError) as error:
        raise ProtocolRefused(f"{one.name}: {template!r} is not a template.") from error


def _label(adapter: TableAdapter, word: str) -> str:
    if not adapter.labels:
        return word.lower()
    return next((label for label, words in adapter.labels.items() if word in words), "")


def _inside(one: SetOfMedia, path: str) -> str:
    """A table may be anybody's: it names no file outside of its set's folder."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\0" in path:
        raise ProtocolRefused(f"{one.name}: its table names {path!r}, which is not in its folder.")
    return path


def _size(file: Path, member: str, members: dict[Path, dict[str, int]]) -> int | None:
    if not file.is_file():
        return None
    if not member:
        return file.stat().st_size
    if file not in members:
        try:
            with zipfile.ZipFile(file) as archive:
                members[file] = {info.filename: info.file_size for info in archive.infolist()}
        except zipfile.BadZipFile:
            members[file] = {}
    return members[file].get(member)


# === Both ===


def _found(
    one: SetOfMedia,
    names: Names,
    values: Mapping[str, str],
    path: str,
    file: Path,
    member: str,
    size: int,
    fake: bool,
) -> Found:
    method = values.get("method", "") or names.method
    method = next((m for word, m in names.methods if re.search(word, path)), method)
    source = values.get("source") or one.name
    group = values.get("group") or path
    if names.group_in_path and (match := re.search(names.group_in_path, path)):
        group = match.group(1)
    return Found(
        path=path,
        file=file,
        member=member,
        size=size,
        fake=fake,
        source=source,
        method=(method or one.name) if fake else "",
        group=f"{one.people or one.name} {group}",
        split=values.get("split", ""),
    )


def _excluded(names: Names, path: str) -> bool:
    return bool(names.exclude and re.search(names.exclude, path, re.IGNORECASE))
