"""Where research data lies, and where what is made from it goes: never inside the project."""

from __future__ import annotations

import os
from pathlib import Path

MANIFEST = "manifest.csv"


def research(part: str) -> Path | None:
    """The folder of `faces`, `speech` or `talking` under TOUCHSTONE_DATA, or under `shared/data`
    beside the project; None where it has no manifest."""
    named = os.environ.get("TOUCHSTONE_DATA")
    folder = (Path(named) if named else Path(__file__).parents[2].parent / "shared" / "data") / part
    return folder if (folder / MANIFEST).is_file() else None


def cache() -> Path:
    """Prepared data and runs: TOUCHSTONE_CACHE or ~/.cache/touchstone."""
    named = os.environ.get("TOUCHSTONE_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "touchstone"
