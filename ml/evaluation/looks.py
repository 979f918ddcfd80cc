"""Who looked how often at which set. A test set wears out by being looked at, so each look is
written down beside the kept results, and `manage.py looks` publishes them."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "looks.jsonl"
UNKNOWN = "not recorded"


@dataclass(frozen=True)
class Looks:
    """All looks of one person at one set and split."""

    of: str
    """The manifest, or `protocol/set`."""
    split: str
    by: str
    times: int
    versions: int
    """Of the engine: looks with the same version tell nothing new."""
    items: int
    """In the largest look."""
    first: str
    last: str


def add(folder: Path, looks: Iterable[Mapping[str, Any]], by: str | None = None) -> None:
    """Writes a line a set. `by`: who looked; default: the account that runs the command."""
    who = by or account()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FILE).open("a", encoding="utf-8") as file:
        for look in looks:
            file.write(json.dumps({**look, "by": who}) + "\n")


def account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return UNKNOWN


def read(folder: Path) -> list[dict[str, Any]]:
    """Every line that can be read; a killed run may have left half of one."""
    found = []
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    for line in lines:
        try:
            look = json.loads(line)
        except ValueError:
            continue
        if isinstance(look, dict) and look.get("manifest"):
            found.append(look)
    return found


def counted(looks: Sequence[Mapping[str, Any]]) -> list[Looks]:
    """The most looked at first."""
    rows: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for look in looks:
        key = str(look["manifest"]), str(look.get("split") or ""), str(look.get("by") or UNKNOWN)
        rows.setdefault(key, []).append(look)
    found = [
        Looks(
            *key,
            times=len(row),
            versions=len({look.get("engine_version") for look in row}),
            items=max(int(look.get("items") or 0) for look in row),
            first=min(str(look.get("made") or "") for look in row),
            last=max(str(look.get("made") or "") for look in row),
        )
        for key, row in rows.items()
    ]
    return sorted(found, key=lambda look: (-look.times, look.of, look.split, look.by))


def markdown(rows: Sequence[Looks]) -> str:
    lines = [
        "| set | split | by | looks | versions of the engine | files | first | last |",
        "|---|---|---|---:|---:|---:|---|---|",
    ]
    lines += [
        f"| {_cell(row.of)} | {_cell(row.split) or 'all'} | {_cell(row.by)} | {row.times} | "
        f"{row.versions} | {row.items} | {_cell(row.first[:10])} | {_cell(row.last[:10])} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """No text of a file ends a cell, a line or a colour of the terminal."""
    return "".join(c if c.isprintable() and c != "|" else "?" for c in text)
