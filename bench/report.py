"""What the benches measured, as one table: printed, and written into the README by `--write`."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
FENCE = re.compile(r"(<!-- figures:start -->\n).*?(<!-- figures:end -->)", re.DOTALL)


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


def write(rows: Sequence[Row], readme: Path = README) -> None:
    """Between the two marks of the README, or of another text, and nowhere else."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    body = f"Written by the benches on {day} ({machine()}; a shared machine, so read ratios).\n\n"
    text = readme.read_text()
    fresh, count = FENCE.subn(lambda m: m[1] + body + table(rows) + "\n" + m[2], text)
    if count != 1:
        raise SystemExit(f"{readme.name} has lost its figures:start and figures:end marks.")
    readme.write_text(fresh)
