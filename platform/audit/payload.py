"""Serialises an event to the exact bytes that are hashed: RFC 8785 canonical JSON.

Personal data is excluded: an event holds only ids and commitments (`subjects.py` stores the text).
A mistake raises an error here, before it reaches a record that cannot be corrected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import rfc8785

from .origin import origin
from .verbs import Verb
from .who import Who

VERSION = 1
PERSONAL_KEYS = {
    *("address", "comment", "email", "filename", "file_name", "first_name", "full_name", "ip"),
    *("ip_address", "last_name", "note", "password", "phone", "secret", "user_agent"),
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class PersonalData(ValueError):
    """Something that names a person was about to enter the record for ever."""


class AddressInRecord(PersonalData):
    """The text of somebody who uses the site holds an e-mail address: theirs to take out."""


def holds_address(text: str) -> bool:
    return bool(_EMAIL.search(text))


def payload(
    *,
    verb: Verb,
    who: Who,
    object_type: str,
    object_id: str,
    object_sha256: str,
    why: str,
    data: Mapping[str, Any],
    rows: Mapping[str, Any] | None = None,
) -> bytes:
    """`rows`: what each row says that this event wrote (`rows.stated`), without personal text."""
    return rfc8785.dumps(
        {
            "v": VERSION,
            "verb": Verb(verb).value,
            "who": _plain(who.as_dict(), "who"),
            "object": {"type": object_type, "id": str(object_id), "sha256": object_sha256},
            "why": _plain(why, "why"),
            "data": _plain(data, "data"),
            "where": origin(),
            **({"rows": rows} if rows else {}),
        }
    )


def _plain(value: Any, where: str) -> Any:
    """The same as plain JSON, with text that PostgreSQL can keep and no personal data."""
    match value:
        case None | bool() | float():
            return value
        case Enum():
            return _plain(value.value, where)
        case int():
            # RFC 8785 knows only what a double can hold; larger numbers travel as text.
            return value if abs(value) < 2**53 else str(value)
        case str():
            if holds_address(value):
                raise AddressInRecord(f"{where} holds an e-mail address: record an id instead.")
            return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
        case UUID() | Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case bytes():
            return value.hex()
        case Mapping():
            return {str(key): _plain(item, _inside(where, str(key))) for key, item in value.items()}
        case Sequence() | set() | frozenset():
            items = sorted(value) if isinstance(value, set | frozenset) else value
            return [_plain(item, where) for item in items]
    raise TypeError(f"{where}: an event cannot hold a {type(value).__name__}.")


def _inside(where: str, key: str) -> str:
    if key.lower() in PERSONAL_KEYS:
        raise PersonalData(
            f"{where}.{key}: personal text does not belong in an event; keep it with "
            "audit.subjects.keep() and record the commitment that it returns."
        )
    return f"{where}.{key}"
