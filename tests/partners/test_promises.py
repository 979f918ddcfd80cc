"""REST accepts exactly what the schema says of a request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import Scope
from tests.partners.conftest import Partner
from tests.people import Person, Send


def schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(Client().get("/api/v1/schema/?format=json").content)
    return schema


def parameters() -> Iterator[tuple[str, str]]:
    """The query parameters for which an empty value is none of their values."""
    for path, methods in schema()["paths"].items():
        for about in methods.values():
            for parameter in about.get("parameters", []):
                shape = parameter["schema"]
                text = shape.get("type") == "string" and not (
                    {"enum", "format"} & set(shape) or shape.get("minLength")
                )
                if parameter["in"] == "query" and not text:
                    yield path, parameter["name"]


@pytest.fixture
def everything(partner: Partner) -> Client:
    return partner(*Scope)


def test_an_empty_value_is_refused_where_the_schema_has_none(
    everything: Client, alice: Person, send: Send
) -> None:
    sent, cases = send(alice), list(parameters())
    webhook = _webhook(everything)
    assert ("/api/v1/submissions/{id}/media/", "format") in cases
    for path, name in cases:
        there = webhook if "webhooks" in path else sent.pk
        address = path.replace("{id}", str(there)).replace("{name}", "image")
        answer = everything.get(f"{address}?{name}=")
        assert answer.status_code in (400, 404), (address, name, answer.status_code)
        assert answer.json()["code"] in ("invalid", "not_found")


@pytest.mark.parametrize("query", ["format=", "format=bytes&format=bytes", "format=xml"])
def test_media_comes_in_a_format_of_the_list_or_not_at_all(
    everything: Client, alice: Person, send: Send, query: str
) -> None:
    address = f"/api/v1/submissions/{send(alice).pk}/media/"
    assert everything.get(f"{address}?{query}").status_code == 404
    assert everything.get(f"{address}?format=bytes").status_code == 200


@pytest.mark.parametrize("query", ["wait=", "wait=0&wait=1"])
def test_a_wait_that_is_no_number_or_comes_twice_is_refused(
    both: Client, alice: Person, send: Send, query: str
) -> None:
    answer = both.get(f"/api/v1/submissions/{send(alice).pk}/?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "wait")


def test_a_body_is_needed_exactly_where_the_schema_says_so(
    everything: Client, alice: Person, send: Send
) -> None:
    """Without one, an operation that needs it answers 400, and no other does."""
    sent = {"submissions": send(alice).pk}
    needed = {}
    for path, methods in schema()["paths"].items():
        for method, about in methods.items():
            if method in ("post", "patch", "put"):
                there = sent.get("submissions") if "submissions" in path else _webhook(everything)
                body = about.get("requestBody", {})
                kind = next(iter(body.get("content", {})), "application/json")
                answer = everything.generic(
                    method.upper(), path.replace("{id}", str(there)), b"", content_type=kind
                )
                assert (answer.status_code == 400) == body.get("required", False), (
                    path, answer.status_code, answer.content,
                )  # fmt: skip
                needed[about["operationId"]] = body.get("required", False)
    assert needed["webhooks_deliver"] and not needed["webhooks_change"]


@pytest.mark.parametrize("value", [0, 1, "yes", "true", "", None])
def test_yes_and_no_in_json_are_true_and_false(everything: Client, value: Any) -> None:
    body = {"since": "2026-01-01T00:00:00Z", "all": value}
    address = f"/api/v1/webhooks/{_webhook(everything)}/deliver/"
    answer = everything.post(address, body, content_type="application/json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "all")


def _webhook(client: Client) -> str:
    body = {"url": "https://example.com/news", "events": ["analysis.completed"]}
    added = client.post("/api/v1/webhooks/", body, content_type="application/json")
    assert added.status_code == 201, added.content
    return str(added.json()["id"])
