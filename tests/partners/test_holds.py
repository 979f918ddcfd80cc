"""Legal holds over REST: a legal department's program keeps what must not be erased."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Scope, ServiceAccount, Team
from accounts.services.keys import issue_key
from audit.models import Event
from media_analysis.submissions.models import Hold, Submission
from media_analysis.submissions.services import erasing, holds
from tests.people import Person, Send

URL = "/api/v1/"
WHY = {"reason": "Case 12 C 345/26"}
pytestmark = pytest.mark.django_db


def with_scopes(admin: Person, team: Team, *scopes: Scope) -> Client:
    service = ServiceAccount.objects.create(team=team, name=f"Legal {len(scopes)} {scopes[0]}")
    key = issue_key(admin.actor, service, "k", list(scopes)).secret
    return Client(headers={"Authorization": f"Bearer {key}"})


@pytest.fixture
def legal(team: Team, admin: Person) -> Client:
    return with_scopes(admin, team, Scope.HOLDS_MANAGE)


@pytest.fixture
def sent(bob: Person, send: Send) -> Submission:
    return send(bob)


def post(client: Client, path: str, body: Any = WHY) -> Any:
    return client.post(f"{URL}{path}", body, content_type="application/json")


def problem(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert answer.json()["detail"]


def test_a_hold_is_placed_listed_and_lifted(legal: Client, sent: Submission) -> None:
    one = f"submissions/{sent.pk}/hold/"
    placed = post(legal, one)
    assert placed.status_code == 201 and placed.json()["reason"] == WHY["reason"]
    assert placed.json()["submission"] == str(sent.pk) and placed.json()["lifted_at"] is None
    listed = legal.get(f"{URL}holds/").json()
    assert (listed["next"], listed["results"]) == (None, [placed.json()])
    lifted = post(legal, f"{one}lift/", {"reason": "Closed"})
    assert lifted.status_code == 200 and lifted.json()["lift_reason"] == "Closed"
    assert legal.get(f"{URL}holds/").json()["results"] == []
    assert legal.get(f"{URL}holds/?lifted=true").json()["results"] == [lifted.json()]
    verbs = Event.objects.filter(chain=sent.pk).order_by("-seq").values_list("verb", flat=True)
    assert list(verbs[:2]) == ["submission.hold_lifted", "submission.held"]


def test_what_is_held_over_rest_is_not_erased(
    legal: Client, sent: Submission, admin: Person, settings: Any
) -> None:
    settings.ERASURE_DELAY_SECONDS = 0
    post(legal, f"submissions/{sent.pk}/hold/")
    erasing.order(sent, admin.actor.who, "operator")
    erasing.run_due()
    assert Submission.objects.filter(pk=sent.pk).exists()


def test_each_mistake_has_its_code_and_changes_nothing(legal: Client, sent: Submission) -> None:
    one = f"submissions/{sent.pk}/hold/"
    problem(post(legal, f"{one}lift/"), 409, "hold_lifted")
    problem(post(legal, one, {}), 400, "invalid")
    problem(post(legal, one, {"reason": "x", "until": "2027"}), 400, "invalid")
    assert Hold.objects.count() == 0
    post(legal, one)
    problem(post(legal, one), 409, "hold_stands")
    problem(legal.get(f"{URL}holds/?after=soon"), 400, "invalid")
    assert Hold.objects.count() == 1


def test_only_its_own_scope_opens_holds(admin: Person, team: Team, sent: Submission) -> None:
    others = [scope for scope in Scope if scope is not Scope.HOLDS_MANAGE]
    everything_else = with_scopes(admin, team, *others)
    for answer in (
        post(everything_else, f"submissions/{sent.pk}/hold/"),
        post(everything_else, f"submissions/{sent.pk}/hold/lift/"),
        everything_else.get(f"{URL}holds/"),
    ):
        problem(answer, 403, "permission_denied")
    legal = with_scopes(admin, team, Scope.HOLDS_MANAGE)
    assert legal.get(f"{URL}submissions/{sent.pk}/").status_code == 403, "it reads nothing else"


def test_another_teams_holds_and_submissions_are_not_there(
    legal: Client, sent: Submission, charlie: Person, send: Send
) -> None:
    """Charlie's team sees neither the hold nor the submission, and ours not theirs."""
    theirs = send(charlie)
    problem(post(legal, f"submissions/{theirs.pk}/hold/"), 404, "not_found")
    post(legal, f"submissions/{sent.pk}/hold/")
    assert charlie.client().get(f"{URL}holds/").json().get("results", []) == []
    assert legal.get(f"{URL}holds/?submission={theirs.pk}").json()["results"] == []


def test_pages_come_in_order_and_end(
    legal: Client, sent: Submission, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "PAGE", 2)
    for _ in range(5):
        post(legal, f"submissions/{sent.pk}/hold/")
        post(legal, f"submissions/{sent.pk}/hold/lift/")
    seen, url = [], f"{URL}holds/?lifted=true"
    while url:
        page = legal.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == sorted(seen, reverse=True) and len(set(seen)) == 5
