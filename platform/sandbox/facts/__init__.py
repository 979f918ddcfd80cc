"""Reads what a file claims about itself, as plain JSON of limited size.

Each section is read separately: a malformed one is reported and hides no other. Text stays as
written, except that characters which could mislead a reader or a terminal are made visible (see
`text.py`); the page escapes HTML.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sandbox.facts import credentials, pictures, recordings
from sandbox.sniff import Kind
from sandbox.source import Source
from sandbox.trust import Trusted
from sandbox.types import Limits

LARGEST_FIRST = (
    "png_text", "xmp", "boxes", "c2pa", "c2pa", "iptc", "exif", "container", "streams", "c2pa",
    "jpeg", "tiff",
)  # fmt: skip


def warm_up() -> None:
    credentials.warm_up()
    pictures.warm_up()


def gather(source: Source, kind: Kind, limits: Limits, trusted: Trusted) -> dict[str, Any]:
    found: dict[str, Any] = {"format": kind.format, "mime": kind.mime, "size": source.size}
    sections = pictures.SECTIONS if kind.family == "image" else recordings.SECTIONS
    for name, read in sections.items():
        _add(found, name, lambda read=read: read(source, kind, limits))  # type: ignore[misc]
    _add(found, "c2pa", lambda: credentials.read(source, kind, trusted))
    return _bounded(found, limits.max_facts_bytes)


def _add(found: dict[str, Any], name: str, read: Callable[[], Any]) -> None:
    try:
        value = read()
    except (PermissionError, ImportError):
        raise  # our own wall, not the file: a bug that must be seen
    except Exception as error:
        value = {"malformed": True, "error": type(error).__name__}
    if value is not None:
        found[name] = value


def _bounded(found: dict[str, Any], most: int) -> dict[str, Any]:
    """Whole sections are left out, largest first, until the rest fits; each is named."""
    for name in LARGEST_FIRST:
        if len(json.dumps(found)) <= most - 1024:
            break
        if name == "c2pa" and (large := _large(found)):
            del found["c2pa"][large[0]]  # what it says in short outlives the whole of it
        elif name in found:
            found[name] = {"malformed": True, "error": "too_large"}
    return found


def _large(found: dict[str, Any]) -> list[str]:
    return [name for name in ("crjson", "tree") if found.get("c2pa", {}).get(name)]
