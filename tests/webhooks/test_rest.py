"""Webhooks over REST: what a partner's own program does with them."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.models import Scope, Team
from accounts.services.keys import issue_key
from media_analysis.webhooks.models import Delivery, Endpoint
from media_analysis.webhooks.services.endpoints import MOST
from tests.factories import ServiceAccountFactory
from tests.people import Person
from tests.webhooks.receiving import Receiver
from tests.webhooks.test_delivering import deliver_all

URL = "/api/v1/webhooks/"
GOOD = {"url": "https://news.example/hook", "events": ["decision.made", "decision.changed"]}


@pytest.fixture
def program(team: Team, admin: Person) -> Client:
    service = ServiceAccountFactory(team=team)
    issued = issue_key(admin.actor, service, "test", [Scope.WEBHOOKS_MANAGE])
    return Client(headers={"Authorization": f"Bearer {issued.secret}"})


def post(client: Client, url: str, body: Any = None, method: str = "post") -> Any:
    return getattr(client, method)(url, body, content_type="application/json")


def problem(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert answer["Content-Type"] == "application/problem+json" and answer.json()["detail"]


def test_a_webhook_from_its_first_day_to_its_last(
    program: Client, inside: None, receiver: Receiver
) -> None:
    """Added, tested, read in the log, sent again, rotated, changed, deleted; the secret is shown
    when it is made and never again."""
    added = post(program, URL, {**GOOD, "url": receiver.url})
    assert added.status_code == 201 and added.json()["secret"].startswith("whsec_")
    assert added.json()["own_only"] is True
    one = added["Location"]
    assert "secret" not in program.get(one).json()
    assert [row["id"] for row in program.get(URL).json()["results"]] == [added.json()["id"]]
    test = post(program, f"{one}test/")
    assert test.status_code == 202 and test.json()["state"] == "queued"
    deliver_all()
    (row,) = program.get(f"{one}deliveries/").json()["results"]
    assert row["id"] == test.json()["id"] and row["state"] == "done"
    assert row["attempts"][0]["status"] == 204 and row["attempts"][0]["milliseconds"] >= 0
    assert json.loads(row["body"])["type"] == "webhook.test" == row["type"]
    assert receiver.got[0].body == row["body"].encode(), "what is logged is what was sent"
    again = post(program, f"{one}deliver/", {"delivery": row["id"]})
    assert again.json() == {"deliveries": 1}
    deliver_all()
    assert set(receiver.taken.values()) == {2} and len(receiver.taken) == 1
    secret = post(program, f"{one}rotate/").json()["secret"]
    assert secret != added.json()["secret"]
    changed = post(program, one, {"events": ["analysis.completed"]}, "patch").json()
    assert changed["events"] == ["analysis.completed"] and changed["url"] == receiver.url
    off = post(program, one, {"is_active": False}, "patch").json()
    assert (off["is_active"], off["disabled_because"]) == (False, "by_hand")
    problem(post(program, f"{one}test/"), 409, "webhook_off")
    problem(post(program, f"{one}deliver/", {"since": "2026-01-01T00:00Z"}), 409, "webhook_off")
    assert program.delete(one).status_code == 204
    problem(program.get(one), 404, "not_found")
    assert not Delivery.objects.exists()


def test_the_log_is_read_page_by_page(program: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """`next` leads through all of it, each once, the newest first."""
    monkeypatch.setattr("media_analysis.webhooks.search.deliveries.PAGE", 2)
    one = post(program, URL, GOOD)["Location"]
    sent = [post(program, f"{one}test/").json()["id"] for _ in range(5)]
    seen, url = [], f"{one}deliveries/?state=queued"
    while url:
        page = program.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == sent[::-1]


def test_a_foreign_webhook_looks_like_a_missing_one(
    program: Client, team: Team, admin: Person, charlie: Person
) -> None:
    """Another partner of the same team, and another team's, see and change nothing."""
    one = post(program, URL, GOOD)["Location"]
    elsewhere = charlie.team
    for where, who in ((team, admin), (elsewhere, charlie)):
        service = ServiceAccountFactory(team=where)
        secret = issue_key(who.actor, service, "x", [Scope.WEBHOOKS_MANAGE]).secret
        other = Client(headers={"Authorization": f"Bearer {secret}"})
        assert other.get(URL).json()["results"] == []
        for answer in (
            other.get(one), post(other, one, {"is_active": False}, "patch"), other.delete(one),
            post(other, f"{one}rotate/"), post(other, f"{one}test/"),
            other.get(f"{one}deliveries/"),
            post(other, f"{one}deliver/", {"delivery": one[-37:-1]}),
        ):  # fmt: skip
            problem(answer, 404, "not_found")
    assert Endpoint.objects.get().is_active


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ({**GOOD, "url": "https://127.0.0.1/"}, "address_not_public", 422),
        ({**GOOD, "url": "http://news.example/"}, "https_needed", 422),
        ({**GOOD, "url": "https://u:p@news.example/"}, "url_with_password", 422),
        ({**GOOD, "events": []}, "invalid", 400),
        ({**GOOD, "events": ["decision.forgotten"]}, "invalid", 400),
        ({**GOOD, "url": "https://x.example/\ud800"}, "invalid", 400),
        ({**GOOD, "surprise": 1}, "invalid", 400),
        ({"events": GOOD["events"]}, "invalid", 400),
        ([GOOD], "invalid", 400),
        ('"text"', "invalid", 400),
        ({**GOOD, "team": str(uuid.uuid4())}, "not_found", 404),
    ],
)
def test_what_cannot_be_added_is_told(program: Client, body: Any, code: str, status: int) -> None:
    """A stable code and a sentence; nothing is stored."""
    problem(post(program, URL, body), status, code)
    assert not Endpoint.objects.exists()


def test_a_body_that_is_no_json_is_told(program: Client) -> None:
    """Malformed, of another type, without a length, too large."""
    bad = program.post(URL, b"{", content_type="application/json")
    problem(bad, 400, "malformed_body")
    problem(program.post(URL, GOOD), 415, "unsupported_media_type")
    chunked = program.generic("POST", URL, headers={"Transfer-Encoding": "chunked"})
    problem(chunked, 411, "length_required")


def test_a_team_has_so_many_and_no_more(program: Client) -> None:
    """The next one is refused with what to do."""
    for _ in range(MOST):
        assert post(program, URL, GOOD).status_code == 201
    problem(post(program, URL, GOOD), 409, "too_many_webhooks")


def test_redelivery_wants_one_thing_or_a_time(program: Client) -> None:
    """Neither or both answers 400; a delivery that is not there 404."""
    one = post(program, URL, GOOD)["Location"]
    for body in ({}, {"delivery": str(uuid.uuid4()), "since": "2026-01-01T00:00Z"}):
        problem(post(program, f"{one}deliver/", body), 400, "invalid")
    problem(post(program, f"{one}deliver/", {"delivery": str(uuid.uuid4())}), 404, "not_found")
    done = post(program, f"{one}deliver/", {"since": "2026-01-01T00:00Z"})
    assert done.status_code == 202 and done.json() == {"deliveries": 0}
