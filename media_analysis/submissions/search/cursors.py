"""A place in an ordered list, as text for an address."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

LONGEST = 2000
ALPHABET = r"^[A-Za-z0-9_-]+$"
BIGGEST = 2**63


@dataclass(frozen=True)
class CursorPosition:
    value: Any
    pk: UUID
    towards_first: bool


def write(order: str, value: Any, pk: UUID, *, towards_first: bool) -> str:
    plain = value.isoformat() if isinstance(value, datetime) else value
    text = json.dumps([order, plain, str(pk), towards_first], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str | None, order: str) -> CursorPosition | None:
    """None for a cursor that we did not write, or wrote for another order. A page then shows its
    beginning. The REST interface says so."""
    if not cursor or len(cursor) > LONGEST:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        written_for, value, pk, towards_first = values
        if written_for != order:
            return None
        return CursorPosition(_KINDS[order](value), UUID(pk), towards_first is True)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
        return None


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)


def _name(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    value.encode()  # a lone surrogate is no text
    return value


def _size(value: Any) -> int:
    if type(value) is not int or not 0 <= value < BIGGEST:
        raise ValueError
    return value


_KINDS: dict[str, Callable[[Any], Any]] = {
    "newest": _moment,
    "oldest": _moment,
    "name": _name,
    "name_last": _name,
    "largest": _size,
    "smallest": _size,
    "updated": _moment,
    "updated_last": _moment,
}
