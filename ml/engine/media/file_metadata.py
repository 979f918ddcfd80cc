"""The metadata of a file as rows for people: location, name and value.

Made from the sandbox's facts, in which text is already made safe and limited in length. Here the
number of rows is limited too, and the omitted ones are counted, so that a page can report them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

PLACES = (
    "exif", "iptc", "xmp", "png_text", "comments", "container", "streams", "icc", "tiff", "jpeg",
    "boxes",
)  # fmt: skip
MOST_ROWS = 600
MOST_TEXT = 20_000
MOST_IN_ALL = 200_000
"""Characters of all values together."""
DEEPEST = 8
SHORT = 24
"""A list of numbers up to this length is one value."""
DEEPEST_TREE = 64
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\ud800-\uf8ff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""What could mislead a reader. The sandbox has made it visible; its word alone is not taken."""
NOT_VALUES = frozenset({"claimed", "tags", "malformed", "problems", "error"})


def gathered(facts: Mapping[str, Any]) -> dict[str, Any]:
    rows: list[list[str]] = []
    left, cut_texts = MOST_IN_ALL, 0
    found = [row for place in PLACES for row in islice(_rows(facts, place), MOST_ROWS + 1)]
    for place, name, value in found:
        if len(rows) >= MOST_ROWS or left <= 0:
            break
        kept = INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", value[: min(MOST_TEXT, left)])
        cut_texts += len(kept) < len(value)
        left -= len(kept)
        rows.append([place, INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", name[:200]), kept])
    credentials = facts.get("c2pa")
    credentials = credentials if isinstance(credentials, Mapping) else {}
    return {
        "rows": rows,
        "left_out": len(found) - len(rows),
        "shortened": cut_texts,
        "malformed": [place for place in PLACES if _malformed(facts.get(place))],
        "credentials": {
            "state": str(credentials.get("state") or "absent"),
            "signer": _safe(str(credentials.get("signer") or "")),
            "problems": _safe(credentials.get("problems")) or [],
            "identities": _safe(credentials.get("identities")) or [],
            "soft_bindings": _safe(credentials.get("soft_bindings")) or [],
            "trust": _safe(credentials.get("trust")) or {},
            "crjson": _ascii(credentials.get("crjson")),
            "tree": _safe(credentials.get("tree")),
        },
    }


def _ascii(value: Any) -> str:
    """Passed on as it is, so it must hold nothing that a reader could not see."""
    return value if isinstance(value, str) and value.isascii() else ""


def _safe(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if depth > DEEPEST_TREE:
        return None
    if isinstance(value, Mapping):
        return {_safe(str(key)): _safe(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_safe(item, depth + 1) for item in value]
    return value if isinstance(value, bool | int | float) else None


def _malformed(section: Any) -> bool:
    return isinstance(section, Mapping) and bool(section.get("malformed"))


def _rows(facts: Mapping[str, Any], place: str) -> Iterator[tuple[str, str, str]]:
    section = facts.get(place)
    if place == "png_text":
        for entry in section if isinstance(section, list) else ():
            if isinstance(entry, Mapping):
                yield place, str(entry.get("keyword") or ""), str(entry.get("text") or "")
    elif place == "streams":
        for number, stream in enumerate(section if isinstance(section, list) else (), start=1):
            for name, value in leaves(stream, "", 0):
                yield f"stream {number}", name, value
    else:
        for name, value in leaves(section, "", 0):
            yield place, name, value


def leaves(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if value is None or value in ("", [], {}) or depth > DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in ("claimed", "tags"):
                yield from leaves(item, name, depth + 1)
            elif key not in NOT_VALUES:
                yield from leaves(item, f"{name} {key}".strip(), depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if all(isinstance(one, str | int | float) for one in value) and _is_short(value):
            yield name, ", ".join(_word(one) for one in value)
        else:
            for number, item in enumerate(value, start=1):
                yield from leaves(item, f"{name} {number}".strip(), depth + 1)
    else:
        yield name, _word(value)


def _is_short(values: Sequence[Any]) -> bool:
    numbers = all(isinstance(one, int | float) for one in values)
    return len(values) <= (64 if numbers else SHORT) and all(len(str(v)) <= 200 for v in values)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
