"""A decision can be undone within its grace time, and nothing of it leaves the house before."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Team
from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from jobs.timing import InSeconds
from media_analysis.review.models import (
    Case,
    Decision,
    DecisionText,
    Draft,
    PendingDecision,
    Policy,
    ReasonCode,
    RoutingRule,
)
from media_analysis.review.services import asking, cases, grace
from media_analysis.submissions.models import Submission
from tests.people import Person, Send
from tests.review.test_services import opened

WORDS = DecisionText(outcome="manipulated", reason="the seam along the jaw", note="see 0:12")


@pytest.fixture
def case(alice: Person, send: Send) -> Case:
    RoutingRule.objects.update_or_create(team=alice.team, defaults={"grace_seconds": 30})
    return opened(alice, send)


def written(person: Person, case: Case, words: DecisionText = WORDS) -> PendingDecision:
    held = cases.claim(person.actor, case.pk)
    pending = grace.decide(person.actor, case.pk, held.fence, words)
    assert isinstance(pending, PendingDecision)
    return pending


def time_passes() -> None:
    PendingDecision.objects.update(due_at=InSeconds(-1))


def decided_as(case: Case) -> Any:
    row: Any = Submission.objects.with_decisions().get(pk=case.submission_id)
    return row.decided_as


def test_within_its_time_a_decision_is_nowhere_and_then_it_is_final(
    alice: Person, bob: Person, case: Case
) -> None:
    """No decision, no card, no event of one, nobody else may take the case; then all at once."""
    written(alice, case)
    assert not Decision.objects.exists() and decided_as(case) is None
    assert not Event.objects.filter(verb=Verb.CASE_DECIDED).exists()
    with pytest.raises(Refusal):
        cases.claim(bob.actor, case.pk)
    assert cases.claim_next(bob.actor) is None
    assert grace.settle_due() == 0
    time_passes()
    assert grace.settle_due() == 1 and grace.settle_due() == 0
    decision = Decision.objects.get()
    assert (decision.outcome, decision.reason, decision.note) == (
        "manipulated", "the seam along the jaw", "see 0:12",
    )  # fmt: skip
    assert decision.decided_by == alice.user and decided_as(case) == "manipulated"
    event = Event.objects.get(verb=Verb.CASE_DECIDED)
    assert event.who == f"user:{alice.user.pk}"
    assert not PendingDecision.objects.exists()


def test_undone_it_leaves_the_case_in_hand_and_every_word(alice: Person, case: Case) -> None:
    """The form has outcome, reason and note again; the case can be decided anew; both are events.
    The page that wrote the first decision can do nothing any more."""
    pending = written(alice, case)
    undone = grace.undo(alice.actor, case.pk)
    assert undone.holder == alice.user and not Decision.objects.exists()
    assert Draft.objects.get().words["note"] == "see 0:12"
    with pytest.raises(Refusal):
        cases.decide(alice.actor, case.pk, pending.fence, WORDS)
    assert isinstance(grace.decide(alice.actor, case.pk, undone.fence, WORDS), PendingDecision)
    verbs = list(Event.objects.filter(chain=case.submission_id).values_list("verb", flat=True))
    assert Verb.CASE_DECISION_UNDONE in verbs and verbs.count(Verb.CASE_DECISION_PENDING) == 2


def test_it_is_undone_by_its_person_alone_and_in_time(
    alice: Person, bob: Person, case: Case
) -> None:
    """Not by a team-mate, not twice, and not once its time is over."""
    written(alice, case)
    with pytest.raises(Refusal, match="final"):
        grace.undo(bob.actor, case.pk)
    time_passes()
    with pytest.raises(Refusal, match="final"):
        grace.undo(alice.actor, case.pk)
    assert grace.settle_due() == 1


def test_the_page_offers_to_undo(alice: Person, case: Case) -> None:
    """After deciding, the next page has the button; pressed, the words stand in the form."""
    client = alice.client()
    held = cases.claim(alice.actor, case.pk)
    body = {"outcome": "unclear", "reason": "too blurred", "fence": held.fence}
    page = client.post(reverse("review:decide", args=[case.pk]), body, follow=True)
    assert b"Undo" in page.content and not Decision.objects.exists()
    page = client.post(reverse("review:undo", args=[case.pk]), follow=True)
    assert b"The decision was undone" in page.content and b"too blurred" in page.content
    time_passes()
    late = client.post(reverse("review:undo", args=[case.pk]), follow=True)
    assert b"is final or was already undone" in late.content


@pytest.mark.parametrize("grace_seconds", [30, 0])
def test_a_decision_that_is_sent_twice_is_told_as_decided(
    alice: Person, case: Case, send: Send, grace_seconds: int
) -> None:
    """By a double press without JavaScript: no claim was lost, no draft stays, no further case is
    claimed. From another window with another text: it stays a draft. No message says that the
    claim expired."""
    RoutingRule.objects.update(grace_seconds=grace_seconds)
    client, other, third = alice.client(), opened(alice, send, 7), opened(alice, send, 9)
    held = cases.claim(alice.actor, case.pk)
    body = {"outcome": "unclear", "reason": "too blurred", "fence": held.fence, "next": "1"}
    decide = reverse("review:decide", args=[case.pk])
    first = client.post(decide, body)
    again = client.post(decide, body, follow=True)
    assert again.redirect_chain[0][0] == first["Location"]
    assert first["Location"] == reverse("review:case", args=[other.pk])
    page = again.content.decode()
    assert "You decided this case already. That decision stands." in page
    assert "expired" not in page and not Draft.objects.exists()
    third.refresh_from_db()
    assert third.state == "open"
    changed = client.post(decide, {**body, "reason": "a seam", "next": ""}, follow=True)
    assert "What you wrote here is kept as a draft." in changed.content.decode()
    assert Draft.objects.get().words["reason"] == "a seam"
    written = PendingDecision.objects.first() or Decision.objects.first()
    assert written is not None and written.reason == "too blurred"


def test_its_person_reads_what_was_decided_and_nobody_else_does(
    alice: Person, bob: Person, lead: Person, case: Case
) -> None:
    """Outcome, reason and note on the case, until it is undone."""
    written(alice, case)
    url = reverse("review:case", args=[case.pk])

    def reads(person: Person) -> bool:
        return "the seam along the jaw" in person.client().get(url).content.decode()

    assert reads(alice) and not reads(bob) and not reads(lead)
    page = alice.client().get(url).content.decode()
    assert "Your decision" in page and "see 0:12" in page and "Manipulated" in page
    grace.undo(alice.actor, case.pk)
    assert "Your decision" not in alice.client().get(url).content.decode().replace(
        "Your decisions", ""
    )


def test_a_reason_code_stands_for_words_and_brings_its_policy(
    alice: Person, case: Case, team: Team
) -> None:
    """Its name is the reason; the policy is the one it goes with; a retired code is refused."""
    policy = Policy.objects.create(team=team, name="Elections", text="No altered faces.")
    code = ReasonCode.objects.create(team=team, name="Face swap", policy=policy)
    written(alice, case, DecisionText("manipulated", "", codes=(code.pk,), confidence="sure"))
    time_passes()
    grace.settle_due()
    decision = Decision.objects.get()
    assert (decision.reason, decision.codes) == ("Face swap", ["Face swap"])
    assert decision.policy == policy
    assert decision.policy_text == "No altered faces." and decision.confidence == "sure"
    ReasonCode.objects.update(is_active=False)
    cases.reopen(alice.actor, case.pk, why="again")
    held = cases.claim(alice.actor, case.pk)
    with pytest.raises(Refusal):
        grace.decide(
            alice.actor, case.pk, held.fence, DecisionText("unclear", "", codes=(code.pk,))
        )


def test_another_person_decides_what_was_opened_again(
    alice: Person, bob: Person, case: Case
) -> None:
    """Who decided it first is told so and is not handed it; Bob is."""
    written(alice, case)
    time_passes()
    grace.settle_due()
    cases.reopen(bob.actor, case.pk, why="the source was found")
    with pytest.raises(Refusal, match="another person"):
        cases.claim(alice.actor, case.pk)
    assert cases.claim_next(alice.actor) is None
    assert cases.claim_next(bob.actor) == case


def test_a_question_goes_to_a_lead_and_its_answer_comes_back(
    alice: Person, lead: Person, case: Case
) -> None:
    """Nobody else may take it until the lead has answered; the page shows both."""
    held = cases.claim(alice.actor, case.pk)
    asking.escalate(alice.actor, case.pk, held.fence, "Is the anchor known to us?")
    assert cases.claim_next(alice.actor) is None
    held = cases.claim(lead.actor, case.pk)
    asking.answer(lead.actor, case.pk, held.fence, "Yes, since May.")
    page = alice.client().get(reverse("review:case", args=[case.pk])).content.decode()
    assert "Is the anchor known to us?" in page and "Yes, since May." in page
    assert cases.claim_next(alice.actor) == case
