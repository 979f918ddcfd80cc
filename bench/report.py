"""The results of the benches as one table: printed, and written into the README by `--write`."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ml.evaluation import pages

README = Path(__file__).parents[1] / "README.md"


@dataclass(frozen=True)
class Row:
    what: str
    value: str
    target: str = ""
    met: bool | None = None
    command: str = ""


def table(rows: Iterable[Row]) -> str:
    words = {True: "met", False: "missed", None: ""}
    lines = ["| what | measured | target | | printed by |", "|---|---|---|---|---|"]
    lines += [
        f"| {r.what} | {r.value} | {r.target} | {words[r.met]} | `{r.command}` |" for r in rows
    ]
    return "\n".join(lines)


def machine() -> str:
    import os

    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def write(rows: Sequence[Row], readme: Path = README, *, among_others: bool = False) -> None:
    """In place of the figures in the README, or in another text; or only of those that the same
    commands wrote before."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    body = f"Written by the benches on {day} ({machine()}; a shared machine, so read ratios).\n\n"
    lines = table(rows).splitlines()
    if among_others:
        ours = tuple(f"`{row.command}` |" for row in rows)
        before = [line for line in pages.held(readme, "figures").splitlines() if line[:1] == "|"]
        lines[2:2] = [line for line in before[2:] if not line.endswith(ours)]
    pages.written(readme, "figures", body + "\n".join(lines))
