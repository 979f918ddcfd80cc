"""The schema of REST changes only together with the list of its changes."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from django.test import Client

CHANGES = Path(__file__).resolve().parents[2] / "docs" / "api-changes.md"
WORDS = {"description", "summary", "title", "x-spec-enum-id"}
"""What may be said better at any time."""
INSTALLED = "detector"
"""A filter whose values are the checks of this installation."""


def shape(part: Any) -> Any:
    """Without words: addresses, fields, types, values and answers."""
    if isinstance(part, list):
        return [shape(one) for one in part]
    if not isinstance(part, dict):
        return part
    if "schema" in part:  # a body, whose examples are words
        part = {name: one for name, one in part.items() if name not in ("example", "examples")}
    if part.get("name") == INSTALLED and part.get("in") == "query":
        return {"name": INSTALLED}
    return {name: shape(one) for name, one in part.items() if _is_shape(name, one)}


def _is_shape(name: str, value: Any) -> bool:
    """A field that is called `description` is no description."""
    return name not in WORDS or isinstance(value, dict)


def digest(schema: dict[str, Any]) -> str:
    parts = {name: shape(schema[name]) for name in ("paths", "components")}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def test_a_change_of_the_schema_has_a_line_in_the_list_of_changes(client: Client, db: None) -> None:
    """Whoever changes it says so, and writes the new digest below what they said."""
    now = digest(client.get("/api/v1/schema/?format=json").json())
    (known,) = re.findall(r"Digest of the schema: `([0-9a-f]{16})`", CHANGES.read_text())
    assert known == now, (
        f"The schema of REST has changed. Say how in {CHANGES.name}, then write the digest {now}."
    )


def test_the_digest_sees_what_programs_see_and_no_words() -> None:
    """A new field or type is a change; a better sentence is none."""
    field = {"type": "string", "description": "a"}
    one = {"paths": {}, "components": {"Thing": {"properties": {"description": field}}}}

    def changed(**by: Any) -> dict[str, Any]:
        schema = {"properties": {"description": {**field, **by}}}
        return {"paths": {}, "components": {"Thing": schema}}

    assert digest(changed(description="b")) == digest(one)
    assert digest(changed(type="integer")) != digest(one)
    assert digest({**one, "paths": {"/new/": {}}}) != digest(one)
