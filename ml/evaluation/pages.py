"""Figures go into a page between two marks and nowhere else; nobody types them."""

from __future__ import annotations

import re
from pathlib import Path


class NoMarks(ValueError):
    """The page has lost the marks that say where the figures go."""


def written(page: Path, name: str, body: str) -> None:
    """`body` between `<!-- name:start -->` and `<!-- name:end -->`."""
    start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    text = page.read_text(encoding="utf-8")
    fresh, count = re.subn(
        f"({re.escape(start)}\n).*?({re.escape(end)})",
        lambda marks: f"{marks[1]}{body}\n{marks[2]}",
        text,
        flags=re.DOTALL,
    )
    if count != 1:
        raise NoMarks(f"{page} must have {start} and {end} once.")
    page.write_text(fresh, encoding="utf-8")
