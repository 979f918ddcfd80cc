"""What the catalogue knows of one refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    status: int
    sentence: Any
    """Lazily translated. `{name}` is replaced by the refusal's data."""
    in_rest: bool = False
    """REST can give it, so docs/api.md lists it."""
