"""Figures go into a page between two marks and nowhere else; nobody types them."""

from __future__ import annotations

import re
from pathlib import Path


class NoMarks(ValueError):
    """The page has lost the marks that say where the figures go."""


def written(page: Path, name: str, body: str) -> None:
    """`body` between `<!-- name:start -->` and `<!-- name:end -->`."""
    before, _, after = _parts(page, name)
    page.write_text(f"{before}{body}\n{after}", encoding="utf-8")


def held(page: Path, name: str) -> str:
    """What stands between the two marks now."""
    return _parts(page, name)[1]


def with_rows_kept(before: str, after: str) -> str:
    """The tables of `after`, where rows of `before` stay whose first cell `after` does not have.
    Tables stand in the same order; one whose columns changed keeps nothing."""
    old = [table.splitlines() for table in before.strip().split("\n\n")]
    new = [table.splitlines() for table in after.strip().split("\n\n")]
    joined = []
    for number, table in enumerate(new):
        rows = {_first(row): row for row in table[2:]}
        if number < len(old) and old[number][:2] == table[:2]:
            kept = {_first(row): row for row in old[number][2:]}
            rows = kept | rows
        joined.append("\n".join([*table[:2], *rows.values()]))
    return "\n\n".join(joined)


def _first(row: str) -> str:
    return row.split("|")[1].strip()


def _parts(page: Path, name: str) -> tuple[str, str, str]:
    """The page up to and with the first mark, what is between, and the rest."""
    start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    text = page.read_text(encoding="utf-8")
    found = re.findall(f"{re.escape(start)}\n.*?{re.escape(end)}", text, flags=re.DOTALL)
    if len(found) != 1:
        raise NoMarks(f"{page} must have {start} and {end} once.")
    before, after = text.split(found[0])
    body = found[0].removeprefix(f"{start}\n").removesuffix(end)
    return f"{before}{start}\n", body, f"{end}{after}"
