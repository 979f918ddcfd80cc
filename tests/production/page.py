"""The commands of docs/install/systemd.md, as they stand there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "install" / "systemd.md"
VALUES, DOWNLOADS, SECOND = "1. Values", "2. Packages, user, code", "On the second machine"


@dataclass(frozen=True)
class Block:
    title: str
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """Every fenced block, under its heading."""
    found: list[Block] = []
    title: str = ""
    language: str | None = None
    lines: list[str] = []
    for line in page.splitlines():
        if line.startswith("```"):
            if language is None:
                language, lines = line[3:].strip(), []
            else:
                found.append(Block(title, language, "\n".join(lines) + "\n"))
                language = None
        elif language is not None:
            lines.append(line)
        elif heading := re.fullmatch(r"#+ (.+)", line):
            title = heading[1]
    if language is not None:
        raise ValueError(f"a block under {title!r} is not closed")
    return found


def with_values(text: str, ours: dict[str, str]) -> str:
    """The block of values with ours in place of the page's. A name that the page lacks, or that
    ours lack, is an error: nothing is put in beside the page."""
    wanted = set(re.findall(r"(?m)(?:^|(?<= ))([A-Z][A-Z0-9_]*)=", re.sub(r"#.*", "", text)))
    if wanted != set(ours):
        raise ValueError(f"the page names {sorted(wanted)}, the walk {sorted(ours)}")
    return "".join(f"{name}='{value}'\n" for name, value in ours.items())
