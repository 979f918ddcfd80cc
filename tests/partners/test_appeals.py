"""Appeals over REST and in webhooks: a partner objects to a decision about what it sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import Role, Scope, ServiceAccount, Team
from accounts.services.keys import issue_key
from media_analysis.review.models import Appeal, Case, Decision, DecisionText, RoutingRule
from media_analysis.review.services import cases, grace, routing
from media_analysis.submissions.models import Submission
from media_analysis.webhooks.models import Event, EventType
from media_analysis.webhooks.services import endpoints
from tests.partners.test_api import send_in
from tests.partners.test_holds import URL, problem
from tests.people import Person, Send, member

TEXT = {"text": "The shadow is from the building opposite: canary of the appeal."}
pytestmark = pytest.mark.django_db


def key_of(admin: Person, service: ServiceAccount, *scopes: Scope, test: bool = False) -> Client:
    key = issue_key(admin.actor, service, "k", list(scopes), test=test).secret
    return Client(headers={"Authorization": f"Bearer {key}"})


@pytest.fixture
def service(team: Team) -> ServiceAccount:
    return ServiceAccount.objects.create(team=team, name="Acme")


@pytest.fixture
def acme(admin: Person, service: ServiceAccount) -> Client:
    return key_of(admin, service, *Scope)


@pytest.fixture
def case(acme: Client, bob: Person) -> Case:
    """Acme sent it, Bob decided."""
    submission = Submission.objects.get(pk=send_in(acme).json()["id"])
    with transaction.atomic():
        routing.after_parking(submission.analysis)
    case = Case.objects.get(submission=submission)
    decide(case, bob, "manipulated")
    return case


def decide(case: Case, who: Person, outcome: str, reason: str = "the seam") -> Decision:
    held = cases.claim(who.actor, case.pk)
    made = cases.decide(who.actor, case.pk, held.fence, DecisionText(outcome, reason))
    assert isinstance(made, Decision)
    return made


def post(client: Client, case: Case, way: str = "", body: Any = TEXT, **headers: str) -> Any:
    path = f"{URL}submissions/{case.submission_id}/appeal/{way}"
    return client.post(path, body, content_type="application/json", headers=headers)


def read(client: Client, case: Case) -> Any:
    return client.get(f"{URL}submissions/{case.submission_id}/").json()


def test_an_appeal_is_made_read_and_answered(acme: Client, case: Case, alice: Person) -> None:
    """201 with its state; the submission tells it; the answer names the further decision."""
    assert read(acme, case)["appeal"] is None
    made = post(acme, case)
    assert made.status_code == 201 and made["Idempotent-Replayed"] == "false"
    body = made.json()
    assert (body["state"], body["outcome"], body["answer"]) == ("open", None, None)
    submission = read(acme, case)
    assert submission["appeal"] == body and submission["decision"] is None
    assert submission["decisions"][0]["id"] == body["decision"]
    second = decide(case, alice, "unclear", "Too small to say")
    submission = read(acme, case)
    now = submission["appeal"]
    assert (now["state"], now["outcome"], now["answer"]) == ("answered", "changed", str(second.pk))
    assert now["answered_at"] and submission["decision"]["reason"] == "Too small to say"
    assert "canary" not in json.dumps(submission)


def test_a_withdrawn_appeal_gives_the_decision_back(acme: Client, case: Case) -> None:
    """Byte for byte what it was, and the list says so, too."""
    before = read(acme, case)
    post(acme, case)
    withdrawn = post(acme, case, "withdraw/", None)
    assert withdrawn.status_code == 200 and withdrawn.json()["state"] == "withdrawn"
    after = read(acme, case)
    for name in ("decision", "decisions"):
        assert after[name] == before[name] and after[name]
    (row,) = acme.get(f"{URL}submissions/?decision=manipulated").json()["results"]
    assert row["decision"] == before["decision"]
    assert after["updated_at"] > before["updated_at"]
    problem(post(acme, case, "withdraw/", None), 409, "appeal_not_open")


def test_each_mistake_has_its_code_and_changes_nothing(
    acme: Client, case: Case, alice: Person
) -> None:
    for body in ({}, {"text": " "}, {"text": "x" * 4001}, {"text": "x", "why": "y"}, ["x"]):
        problem(post(acme, case, body=body), 400, "invalid")
    RoutingRule.objects.create(team=case.team, appeal_days=0)
    problem(post(acme, case), 409, "appeals_not_taken")
    RoutingRule.objects.update(appeal_days=180, grace_seconds=30)
    assert not Appeal.objects.exists()
    post(acme, case)
    problem(post(acme, case), 409, "appeal_open")
    held = cases.claim(alice.actor, case.pk)
    grace.decide(alice.actor, case.pk, held.fence, DecisionText("manipulated", "the seam"))
    problem(post(acme, case, "withdraw/", None), 409, "appeal_being_answered")
    grace.undo(alice.actor, case.pk)
    case.refresh_from_db()
    cases.decide(alice.actor, case.pk, case.fence, DecisionText("manipulated", "the seam"))
    problem(post(acme, case), 409, "appeal_answered")
    cases.reopen(alice.actor, case.pk, why="look again")
    problem(post(acme, case), 409, "no_decision_in_force")


def test_a_key_makes_a_request_once(acme: Client, case: Case) -> None:
    first = post(acme, case, **{"Idempotency-Key": "a"})
    again = post(acme, case, **{"Idempotency-Key": "a"})
    assert again.status_code == 201 and again["Idempotent-Replayed"] == "true"
    assert again.json() == first.json() and Appeal.objects.count() == 1
    other = post(acme, case, body={"text": "other"}, **{"Idempotency-Key": "a"})
    problem(other, 422, "idempotency_differs")
    problem(post(acme, case, **{"Idempotency-Key": "ä"}), 400, "idempotency_key_invalid")


def test_only_its_scope_and_only_what_its_partner_sent(
    admin: Person, team: Team, service: ServiceAccount, case: Case, bob: Person, charlie: Person,
    send: Send,
) -> None:  # fmt: skip
    """Other scopes, another partner and a person's media; another team finds nothing. The scope
    reads nothing else."""
    without = key_of(admin, service, *(one for one in Scope if one != Scope.APPEALS_WRITE))
    problem(post(without, case), 403, "permission_denied")
    problem(post(without, case, "withdraw/", None), 403, "permission_denied")
    other = key_of(admin, ServiceAccount.objects.create(team=team, name="Other"), *Scope)
    problem(post(other, case), 403, "not_yours")
    only = key_of(admin, service, Scope.APPEALS_WRITE)
    assert only.get(f"{URL}submissions/{case.submission_id}/").status_code == 403
    assert post(only, case).status_code == 201
    problem(post(other, case, "withdraw/", None), 403, "not_yours")
    assert "canary" not in json.dumps(read(other, case))
    problem(post(charlie.client(), case), 404, "not_found")
    lead = member(team, Role.LEAD)
    problem(post(lead.client(), case), 403, "appeal_not_yours")


def test_webhooks_tell_of_each_step(
    admin: Person, team: Team, service: ServiceAccount, acme: Client, case: Case, alice: Person
) -> None:
    """In their order, with the decision in force or null, and without the text; an endpoint of
    another partner hears nothing."""
    for one in (service, ServiceAccount.objects.create(team=team, name="Other")):
        endpoints.add(
            admin.actor, team, f"https://news.example/{one.name}", EventType.values, service=one
        )
    post(acme, case)
    post(acme, case, "withdraw/", None)
    post(acme, case)
    decide(case, alice, "manipulated")
    news = [json.loads(one.body) for one in Event.objects.order_by("created_at", "id")]
    types = [(one["type"], one["data"].get("decision") is not None) for one in news]
    assert sorted(types) == sorted([
        ("decision.reopened", False), ("appeal.received", False), ("appeal.withdrawn", True),
        ("decision.reopened", False), ("appeal.received", False), ("decision.changed", True),
        ("appeal.answered", True),
    ])  # fmt: skip
    answered = next(one["data"] for one in news if one["type"] == "appeal.answered")
    assert answered["appeal"]["outcome"] == "upheld"
    assert answered["appeal"]["answer"] == answered["decision"]["id"]
    assert "canary" not in json.dumps(news)
    sent_to = {one.endpoint.url for event in Event.objects.all() for one in event.deliveries.all()}
    assert sent_to == {"https://news.example/Acme"}


@pytest.mark.parametrize(
    ("text", "state", "outcome"),
    [("It is real.", "answered", "upheld"), ("changed: it is real", "answered", "changed"),
     ("Open", "open", None)],
)  # fmt: skip
def test_a_test_key_gets_a_canned_answer(
    admin: Person, service: ServiceAccount, text: str, state: str, outcome: str | None
) -> None:
    """By the first word of the text, and no person has work from it."""
    client = key_of(admin, service, *Scope, test=True)
    sent = send_in(client).json()
    problem(client.post(f"{sent['url']}appeal/", TEXT, content_type="application/json"),
            409, "no_decision_in_force")  # fmt: skip
    file = {"file": _named("decided_manipulated.png")}
    sent = client.post(f"{URL}submissions/", file).json()
    made = client.post(f"{sent['url']}appeal/", {"text": text}, content_type="application/json")
    assert made.status_code == 201, made.content
    assert (made.json()["state"], made.json()["outcome"]) == (state, outcome)
    assert client.get(sent["url"]).json()["appeal"] == made.json()
    assert cases.claim_next(admin.actor) is None


def _named(name: str) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from tests.people import picture

    return SimpleUploadedFile(name, picture())
