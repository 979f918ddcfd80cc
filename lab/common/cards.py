"""Writes the common beginning of every card."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lab.common.speakers import Spoken


def begun(name: str, version: str, *, says: str, kinds: Sequence[str]) -> dict[str, Any]:
    """Whose card it is, made today. `says` is what a higher score means."""
    return {
        "name": name,
        "version": version,
        "made": datetime.now(UTC).date().isoformat(),
        "says": says,
        "kinds": list(kinds),
    }


def speakers_by_split(spoken: Sequence[Spoken]) -> dict[str, int]:
    return {
        split: len({one.clip.speaker for one in spoken if one.clip.split == split})
        for split in ("train", "val", "test")
    }
