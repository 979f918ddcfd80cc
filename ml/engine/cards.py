"""What each detector says of itself: the `card.json` in its folder."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "detectors"


@functools.cache
def card(detector: str) -> Mapping[str, Any]:
    """Empty for a detector that is no longer here: its old findings still have to be shown."""
    if not detector.isidentifier():
        return {}
    try:
        found: dict[str, Any] = json.loads((FOLDER / detector / "card.json").read_text())
    except FileNotFoundError:
        return {}
    return found
