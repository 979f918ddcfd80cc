"""Checks whether `collectstatic` was run for the present files."""

from __future__ import annotations

from pathlib import Path


def is_collected(root: Path, *sources: Path) -> bool:
    """There is a manifest, and no file of ours is newer than it. A page that names a file which the
    manifest lacks would answer 500."""
    try:
        made = (root / "staticfiles.json").stat().st_mtime
    except OSError:
        return False
    return all(file.stat().st_mtime <= made for source in sources for file in source.rglob("*"))
