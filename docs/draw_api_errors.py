"""Draws docs/api-errors.md: the errors of each operation, from the schema and the catalogue."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "api-errors.md"
HEAD = """# Errors of each operation

[api.md](api.md#errors) has the sentence of each code. The schema has an example of each error.
`python docs/draw_api_errors.py` draws this page, and a test compares it with the schema.
"""


def drawn(schema: dict[str, Any]) -> str:
    from media_analysis.partners import errors_of
    from media_analysis.partners.examples import codes_of

    parts = [HEAD, _section("Before an operation is reached", "", errors_of.BEFORE)]
    for path, methods in sorted(schema["paths"].items()):
        for method, operation in sorted(methods.items()):
            if codes := codes_of(operation):
                title = f"`{method.upper()} {path}`"
                parts.append(_section(title, operation["summary"], codes))
    uploads = "The tus protocol, in [api.md](api.md#sending-large-files)"
    parts.append(_section("`/api/v1/uploads/`", uploads, errors_of.OF_UPLOADS))
    return "\n".join(parts)


def _section(title: str, summary: str, codes: Any) -> str:
    from accounts.refusals import CATALOGUE
    from media_analysis.partners.errors_of import in_order

    by_status: dict[int, list[str]] = {}
    for code in in_order(codes):
        by_status.setdefault(CATALOGUE[code].status, []).append(f"`{code}`")
    rows = [f"| {status} | {', '.join(found)} |" for status, found in by_status.items()]
    intro = [f"{summary}.", ""] if summary else []
    return "\n".join([f"## {title}", "", *intro, "| status | codes |", "|---|---|", *rows, ""])


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("DEBUG", "1")
    import django

    django.setup()
    from media_analysis.partners.docs import SchemaOnce

    generator = SchemaOnce()  # type: ignore[no-untyped-call]  # drf-spectacular has no types
    PAGE.write_text(drawn(generator.get_schema()))


if __name__ == "__main__":
    main()
