"""Examples in the schema: recorded requests and answers (`examples.json`), and an error for each
code of an operation.

`tests/partners/test_examples.py` repeats the calls and compares; with `WRITE_EXAMPLES=1` it writes
the file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.utils import translation

from accounts.refusals import CATALOGUE
from media_analysis.partners import errors_of
from media_analysis.partners.bodies import problem

RECORDED = Path(__file__).with_name("examples.json")
REQUEST = "request"
IN_SENTENCES = {
    "days": 180, "header": "Upload-Length", "host": "media.example", "limit": 500, "most": 20,
    "names": "sha1", "place": 3, "quota": 1000, "starts": "2026-12-01", "when": "2026-11-29",
    "whose": "of the team", "why": CATALOGUE["https_needed"].sentence,
}  # fmt: skip
MORE: dict[str, dict[str, Any]] = {
    "invalid": {
        "errors": [{"field": "team", "code": "invalid", "detail": "Must be a valid UUID."}]
    },
    "quota_reached": {"quota": {"whose": "team", "quota": 1000, "starts": "2026-12-01"}},
}
"""Fields of the body other than code and sentence."""


def recorded() -> dict[str, dict[str, Any]]:
    """By operation: `request`, and the answer by its status."""
    found: dict[str, dict[str, Any]] = json.loads(RECORDED.read_text())
    return found


def error(code: str) -> dict[str, Any]:
    entry = CATALOGUE[code]
    body = problem(entry.status, code, str(entry.sentence).format(**IN_SENTENCES))
    return {**body, **MORE.get(code, {})}


def with_examples(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Called by drf-spectacular when the schema is made."""
    known = recorded()
    with translation.override("en"):
        for methods in result["paths"].values():
            for operation in methods.values():
                _add(operation, known.get(operation["operationId"], {}))
    return result


def _add(operation: dict[str, Any], known: dict[str, Any]) -> None:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        if REQUEST in known:
            media["example"] = known[REQUEST]
    answers = operation["responses"]
    for status, answer in answers.items():
        if status in known:
            (content,) = answer["content"].values()
            content["example"] = known[status]
    for code in codes_of(operation):
        media = answers[str(CATALOGUE[code].status)]["content"]["application/problem+json"]
        media.setdefault("examples", {})[code] = {"value": error(code)}


def codes_of(operation: dict[str, Any]) -> list[str]:
    statuses = frozenset(int(status) for status in operation["responses"] if int(status) > 399)
    name = operation["operationId"]
    if name not in errors_of.OWN:  # the schema's own address
        return []
    return errors_of.codes(name, statuses, has_body="requestBody" in operation)
