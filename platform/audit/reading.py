"""Reading an export: one JSON object a line, compressed when the name ends in .gz. No Django."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
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
