"""Values of findings in words, and as they were kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.formats import get_format
from django.utils.translation import gettext

from ml.engine.naming import LABELS

Json = Mapping[str, Any]
READ_THE_FILE = ("provenance", "compression")
MOST_RAW = 1000


def details(data: Json) -> list[dict[str, Any]]:
    """Short values with a label. Nested, long and internal values are in `raw`."""
    return [
        {"label": gettext(LABELS[label]), "value": formatted(value)}
        for label, value in data.items()
        if label in LABELS and formatted(value)
    ]


def raw(detector: str, data: Json) -> str:
    """What a check that reads the file itself kept of it, such as metadata and Content Credentials,
    a line for each value; empty where `details` says it all, and for other checks."""
    if detector not in READ_THE_FILE or len(details(data)) == len(data):
        return ""
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in data.items()]
    return "\n".join(line if len(line) <= MOST_RAW else line[:MOST_RAW] + "…" for line in lines)


def formatted(value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, float):
        return f"{value:.4g}".replace(".", str(get_format("DECIMAL_SEPARATOR")))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return value if len(value) <= 300 else value[:299] + "…"
    if isinstance(value, Sequence) and all(isinstance(v, str | int | float) for v in value):
        text = ", ".join(formatted(v) for v in value[:16])
        return text + (", …" if len(value) > 16 else "")
    return ""
