"""A person's decision is shown next to the machine's verdict everywhere, with a link to its
case."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Scope
from accounts.services import keys
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import cases, rules
from media_analysis.submissions.models import IndexCard, Submission
from media_analysis.submissions.presenters import statements
from ml.engine.contract import Outcome
from tests.factories import ServiceAccountFactory
from tests.people import Person, Send
from tests.review.test_order import ended
from tests.submissions.test_lists import exported

SECRETS = (b"the seam along the jaw", b"ask the desk first")
WORDS = DecisionText("manipulated", SECRETS[0].decode(), SECRETS[1].decode())
LIST = "/api/v1/submissions/"


@pytest.fixture
def case(alice: Person, send: Send) -> Case:
    sent = send(alice)
    ended(sent, Outcome.INCONCLUSIVE, None)
    return Case.objects.get(submission=sent)


@pytest.fixture
def partner(alice: Person, lead: Person, admin: Person) -> dict[str, Any]:
    """The headers of a program that may read, and nothing else."""
    service = ServiceAccountFactory(team=alice.team)
    secret = keys.issue_key(admin.actor, service, "k", [Scope.SUBMISSIONS_READ]).secret
    return {"authorization": f"Bearer {secret}"}


def decided(case: Case, who: Person, words: DecisionText = WORDS) -> None:
    held = cases.claim(who.actor, case.pk)
    cases.decide(who.actor, case.pk, held.fence, words)


def with_policy(words: DecisionText, policy_id: int) -> DecisionText:
    return DecisionText(words.outcome, words.reason, words.note, policy_id)


def page(person: Person, address: str) -> str:
    answer = person.client().get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_history_and_result_show_the_decision_and_lead_to_its_case(
    case: Case, alice: Person, bob: Person, viewer: Person, charlie: Person
) -> None:
    """Above the verdict on the result page; a link in both for those who may see cases."""
    detail = reverse("submissions:detail", args=[case.submission_id])
    link = f'href="{reverse("review:case", args=[case.pk])}"'
    assert "waiting for review" in page(bob, "/")
    decided(case, alice)
    for address in ("/", detail):
        html = page(bob, address)
        assert "Decided: manipulated" in html and link in html, address
    whole = page(bob, detail)
    assert whole.index('id="decision-heading"') < whole.index('id="verdict-heading"')
    assert charlie.client().get(detail).status_code == 404
    assert "Decided" not in page(charlie, "/").replace("Not decided", "").replace(">Decided", "")


def test_partners_read_the_decision_without_its_note_or_names(
    case: Case, alice: Person, lead: Person, partner: dict[str, Any]
) -> None:
    """By REST, in the list and of one: the reason, and a pseudonym; no note and no name."""
    policy = rules.write_policy(lead.actor, alice.team, "Elections", "No fakes.")
    before = Client().get(LIST, headers=partner).json()["results"][0]
    assert before["decision"] is None
    decided(case, alice, with_policy(WORDS, policy.pk))
    one = Client().get(f"{LIST}{case.submission_id}/", headers=partner)
    every = Client().get(LIST, headers=partner)
    for answer, body in ((one, one.json()), (every, every.json()["results"][0])):
        assert body["decision"].keys() == {
            "id",
            "outcome",
            "policy",
            "reason",
            "reason_codes",
            "decided_at",
            "reviewer",
            "supersedes",
        }
        assert body["decision"]["outcome"] == "manipulated"
        assert body["decision"]["policy"] == "Elections"
        assert body["decision"]["decided_at"].endswith("Z")
        assert body["outcome"] == "inconclusive", "the machine's verdict stays as it was"
        names = (alice.user.email.encode(), str(alice.user.pk).encode())
        assert not any(secret in answer.content for secret in (SECRETS[1], *names))
        assert body["decision"]["reason"] == SECRETS[0].decode()


@pytest.mark.parametrize("address", ["/?", LIST + "?"])
def test_the_decision_is_a_filter(
    address: str, case: Case, alice: Person, send: Send, partner: dict[str, Any]
) -> None:
    """Decided as this, as that, or not yet; on the page and by REST."""
    other = send(alice, 7, "other.png")
    decided(case, alice)

    def found(wanted: str) -> set[str]:
        if address.startswith(LIST):
            rows = Client().get(f"{address}decision={wanted}", headers=partner).json()["results"]
            return {row["id"] for row in rows}
        answer = alice.client().get(f"{address}decision={wanted}&sort=name")
        return {str(row["submission"].pk) for row in answer.context["rows"]}

    assert found("manipulated") == {str(case.submission_id)}
    assert found("not_manipulated") == set()
    assert found("none") == {str(other.pk)}


def test_the_export_has_the_decision_and_not_what_was_written(
    case: Case, alice: Person, lead: Person
) -> None:
    """Three columns at the end."""
    decided(case, alice)
    head, row = exported(lead, "decision=manipulated")
    values = dict(zip(head, row, strict=True))
    assert (
        values["decision"] == "manipulated"
        and values["decided_at"]
        and not values["decision_policy"]
    )
    assert not any(secret.decode() in cell for secret in SECRETS for cell in row)


def test_opening_again_takes_the_decision_out_of_force_and_shows_why(
    case: Case, alice: Person, bob: Person
) -> None:
    """The card, history and REST have none until it is decided anew; the case tells the reason,
    the queue what was decided before."""
    decided(case, alice)
    cases.reopen(alice.actor, case.pk, why="the original has come in")
    assert IndexCard.objects.get(pk=case.submission_id).decision == "none"
    assert Submission.objects.with_decisions().get(pk=case.submission_id).decision is None
    html = page(bob, reverse("review:case", args=[case.pk]))
    assert "Reopened" in html and "the original has come in" in html
    queue = page(bob, reverse("review:queue"))
    assert "reopened" in queue and "Decided: manipulated" in queue
    decided(case, bob, DecisionText("unclear", "cannot be told"))
    assert IndexCard.objects.get(pk=case.submission_id).decision == "unclear"
    assert "Decided: unclear" in page(bob, "/")


def test_a_case_is_no_link_for_those_who_may_not_see_cases(
    case: Case, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They read the decision, and no address that would answer them "missing"."""
    decided(case, alice)
    monkeypatch.setattr(type(alice.actor), "can", lambda *_: False)
    decision = statements.decision(case.submission, alice.actor)
    assert (
        decision is not None and decision["outcome"] == "manipulated" and decision["case_url"] == ""
    )
