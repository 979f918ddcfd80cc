"""A protocol file, read and checked as a whole before any file of its sets is opened."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LABELS = ("real", "fake")
SEPARATORS = {"comma": ",", "tab": "\t", "space": None}


class ProtocolRefused(ValueError):
    """The protocol cannot be used; the sentence says why."""


@dataclass(frozen=True)
class Names:
    """What a file's path says, where its adapter does not say it otherwise. First match counts."""

    method: str = ""
    methods: tuple[tuple[str, str], ...] = ()
    """Pattern and name."""
    exclude: str = ""
    group_in_path: str = ""
    """A pattern whose first group says what belongs together."""


@dataclass(frozen=True)
class FilesAdapter:
    """Labels from where the files lie: a pattern over their paths, with named groups `method`,
    `source`, `group`, `label`, `split` and `key`."""

    pattern: str
    folder: str = ""
    names: Names = Names()
    lists: tuple[tuple[str, str], ...] = ()
    """Split, and the file (text or JSON) that lists its keys: the group `key`, or the path."""
    otherwise: str = ""
    """The split of what no list has."""


@dataclass(frozen=True)
class TableAdapter:
    """Labels from a table beside the files. `path`, `archive`, `method`, ... are templates that
    take the table's columns: `{folder}/{file}.flac`."""

    table: str
    path: str
    folder: str = ""
    separator: str = "comma"
    columns: tuple[str, ...] = ()
    """Where the table has no first line of names, or one that is not to be used."""
    skip: int = 0
    """First lines that are not read."""
    strip: str = ""
    """Start of a path that is not part of it here."""
    archive: str = ""
    label: str = ""
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The table's words for `real` and `fake`; rows with another word are left out."""
    method: str = ""
    source: str = ""
    group: str = ""
    split: str = ""
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Names = Names()


Adapter = FilesAdapter | TableAdapter


@dataclass(frozen=True)
class SetOfMedia:
    """One set as a protocol names it."""

    name: str
    adapter: Adapter
    terms: str
    what: str = ""
    repository: str = ""
    address: str = ""
    commit: str = ""
    listing: str = ""
    """SHA-256 over the paths and sizes of all its files (`gathering.listing`)."""
    label: str = ""
    """Of every file; empty where the adapter says it."""
    matched: tuple[str, ...] = ()
    """Genuine sources that show the same content."""
    report: tuple[str, ...] = ()
    """The splits whose figures are reported; empty: all."""
    fit: tuple[str, ...] = ()
    """The splits that opponents may learn from."""
    people: str = ""
    """A name that sets share whose groups (people, videos) are the same; else each has its own."""
    sheet: bool = False
    """Each file is a sheet of two by two pictures, of which one is taken."""
    professional: bool = False
    """Photographs of trained photographers: source of the row of downscaled ones."""


@dataclass(frozen=True)
class Protocol:
    name: str
    title: str
    about: str
    sets: tuple[SetOfMedia, ...]


def offered() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.toml"))


def read(name: str) -> Protocol:
    """A protocol of this folder by its name, or any by its path. Raises ProtocolRefused."""
    path = Path(name) if name.endswith(".toml") else HERE / f"{name}.toml"
    if not name.endswith(".toml") and name not in offered():
        raise ProtocolRefused(f"There is no protocol {name!r}; there are {', '.join(offered())}.")
    data = _toml(path)
    sets = [_set(entry) for entry in data.get("sets", [])]
    sets += [_borrowed(entry) for entry in data.get("uses", [])]
    names = [one.name for one in sets]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ProtocolRefused(f"{path.name}: the set {min(twice)!r} is named twice.")
    if not sets:
        raise ProtocolRefused(f"{path.name} names no sets.")
    return Protocol(path.stem, data.get("title", path.stem), data.get("about", ""), tuple(sets))


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProtocolRefused(f"{path.name} is not a TOML file: {error}.") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProtocolRefused(f"{path.name} could not be read: {reason}.") from error


def _borrowed(entry: str) -> SetOfMedia:
    """`protocol/set`: a set that another protocol describes."""
    protocol, _, name = str(entry).partition("/")
    if protocol not in offered():
        raise ProtocolRefused(f"There is no protocol {protocol!r} to take {name!r} from.")
    for data in _toml(HERE / f"{protocol}.toml").get("sets", []):
        if data.get("name") == name:
            return _set(data)
    raise ProtocolRefused(f"The protocol {protocol!r} has no set {name!r}.")


def _set(data: Mapping[str, Any]) -> SetOfMedia:
    name = str(data.get("name", ""))
    if not re.fullmatch(r"[\w.+-]+", name):
        raise ProtocolRefused(f"A set needs a name of letters and digits, not {name!r}.")
    kinds = [kind for kind in ("files", "table") if kind in data]
    if len(kinds) != 1:
        raise ProtocolRefused(f"{name}: a set has either [sets.files] or [sets.table].")
    kind = kinds[0]
    adapter = _files(name, data[kind]) if kind == "files" else _table(name, data[kind])
    plain = {key: _plain(value) for key, value in data.items() if key not in kinds}
    found = _made(name, SetOfMedia, plain | {"adapter": adapter})
    assert isinstance(found, SetOfMedia)
    if not found.terms:
        raise ProtocolRefused(f"{name}: it does not say under which terms it may be used.")
    if found.label not in ("", *LABELS):
        raise ProtocolRefused(f"{name}: the label is {found.label!r}, not real or fake.")
    return found


def _files(name: str, data: Mapping[str, Any]) -> FilesAdapter:
    rest, names = _names(name, data)
    lists = tuple((split, str(file)) for split, file in rest.pop("lists", {}).items())
    _pattern(name, rest.get("pattern", ""))
    found = _made(name, FilesAdapter, rest | {"lists": lists, "names": names})
    assert isinstance(found, FilesAdapter)
    return found


def _table(name: str, data: Mapping[str, Any]) -> TableAdapter:
    rest, names = _names(name, data)
    words = {
        key: {word: _words(value) for word, value in rest.pop(key, {}).items()}
        for key in ("labels", "where")
    }
    if unknown := set(words["labels"]) - set(LABELS):
        raise ProtocolRefused(f"{name}: {min(unknown)!r} is no label.")
    plain = {key: _plain(value) for key, value in rest.items()}
    found = _made(name, TableAdapter, {**plain, **words, "names": names})
    assert isinstance(found, TableAdapter)
    if found.separator not in SEPARATORS:
        raise ProtocolRefused(f"{name}: the separator is one of {', '.join(SEPARATORS)}.")
    return found


def _names(name: str, data: Mapping[str, Any]) -> tuple[dict[str, Any], Names]:
    rest = dict(data)
    methods = tuple((str(word), str(method)) for word, method in rest.pop("methods", []))
    exclude = str(rest.pop("exclude", ""))
    group = str(rest.pop("group_in_path", ""))
    for pattern in (exclude, group, *(word for word, _ in methods)):
        _pattern(name, pattern)
    # A table's `method` is a template over its columns; files have one name for all.
    method = "" if "table" in rest else str(rest.pop("method", ""))
    return rest, Names(method, methods, exclude, group)


def _pattern(name: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ProtocolRefused(f"{name}: {pattern!r} is not a pattern: {error}.") from error


def _words(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _made(name: str, kind: type[Any], data: Mapping[str, Any]) -> Any:
    known = {one.name for one in fields(kind)}
    if unknown := set(data) - known:
        raise ProtocolRefused(f"{name}: nothing is known about {min(unknown)!r}.")
    try:
        return kind(**data)
    except TypeError as error:
        missing = ", ".join(re.findall(r"'(\w+)'", str(error)))
        raise ProtocolRefused(f"{name}: it does not say its {missing}.") from error
