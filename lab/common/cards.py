"""Writes cards, and the common beginning of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.common.speakers import Spoken
from ml.engine.serving import CARD


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


def described(file: Path) -> dict[str, Any]:
    """A file next to the card, as the card names it."""
    content = file.read_bytes()
    return {
        "file": file.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }


def write(folder: Path, card: dict[str, Any]) -> None:
    (folder / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
