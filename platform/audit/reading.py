"""Reads an export: one JSON object per line, compressed if the name ends in .gz. Uses no Django."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class BadExport(ValueError):
    pass


def lines_of(export: Path) -> Iterator[dict[str, Any]]:
    opening = gzip.open if export.suffix == ".gz" else open
    with opening(export, "rt", encoding="utf-8") as file:
        try:
            for number, text in enumerate(file, start=1):
                try:
                    line = json.loads(text)
                except ValueError:
                    raise BadExport(f"line {number} is no JSON") from None
                if not isinstance(line, dict) or "t" not in line:
                    raise BadExport(f"line {number} is no line of an export")
                yield line
        except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as problem:
            raise BadExport(f"the file is damaged: {problem}") from problem


def content_of(raw: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(raw)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def first_differing_column(line: Mapping[str, Any], content: dict[str, Any] | None) -> str | None:
    """The first search column that does not say what the hashed bytes say."""
    try:
        assert content is not None
        expected = {
            "verb": content["verb"],
            "who": f"{content['who']['kind']}:{content['who']['id']}",
            "object_type": content["object"]["type"],
            "object_id": content["object"]["id"],
        }
    except (AssertionError, KeyError, TypeError):
        return "payload"
    return next((name for name, value in expected.items() if line[name] != value), None)
