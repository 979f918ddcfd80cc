"""Review: two moderators never hold one case; late words are kept and decide nothing."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from accounts.models import User
from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from jobs.timing import InSeconds
from media_analysis.review.models import Case, Decision, DecisionText, Draft, Policy, RoutingRule
from media_analysis.review.services import cases, routing
from tests.people import Person, Send
from tests.refusals import refuses

WORDS = DecisionText(outcome="manipulated", reason="the seam along the jaw")


@pytest.fixture
def case(alice: Person, send: Send) -> Case:
    return opened(alice, send)


def opened(person: Person, send: Send, shade: int = 120) -> Case:
    submission = send(person, shade)
    with transaction.atomic():
        routing.after_parking(submission.analysis)
    return Case.objects.get(submission=submission)


def expire(case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(lease_until=InSeconds(-1))


def test_the_oldest_case_comes_first(alice: Person, bob: Person, send: Send) -> None:
    """Taking the next gives what has waited longest, and nobody gets it twice."""
    first, second = opened(alice, send, 1), opened(alice, send, 2)
    assert cases.claim_next(alice.actor) == first
    assert cases.claim_next(bob.actor) == second
    assert cases.claim_next(bob.actor) is None


def test_strangers_and_viewers_hold_nothing(case: Case, charlie: Person, viewer: Person) -> None:
    """Another team has no such case; a viewer may look, not decide."""
    assert cases.claim_next(charlie.actor) is None
    assert cases.claim_next(viewer.actor) is None
    for person in (charlie, viewer):
        with pytest.raises(Case.DoesNotExist):
            cases.claim(person.actor, case.pk)
    assert not Case.objects.for_actor(charlie.actor).exists()


def test_a_held_case_is_refused_to_others(case: Case, alice: Person, bob: Person) -> None:
    """The holder keeps it, also when asking again."""
    held = cases.claim(alice.actor, case.pk)
    assert cases.claim(alice.actor, case.pk).fence == held.fence
    with refuses("case_taken"):
        cases.claim(bob.actor, case.pk)


def test_the_decision_is_kept_with_its_grounds(case: Case, alice: Person) -> None:
    """Outcome, reason and time on the case; one event; the case leaves the queue."""
    held = cases.claim(alice.actor, case.pk)
    decision = cases.decide(alice.actor, case.pk, held.fence, WORDS)
    case.refresh_from_db()
    assert isinstance(decision, Decision)
    assert case.state == "decided" and decision.seconds_on_case >= 0
    events = Event.objects.filter(chain=case.submission_id)
    assert events.filter(verb=Verb.CASE_DECIDED).count() == 1
    assert not any(b"jaw" in bytes(e.payload) for e in events)


def test_a_stale_holder_saves_nothing_and_loses_nothing(
    case: Case, alice: Person, bob: Person
) -> None:
    """After the lease ran out and Bob took over, Alice's words are a draft, not a decision."""
    late = cases.claim(alice.actor, case.pk)
    expire(case)
    cases.claim(bob.actor, case.pk)
    with refuses("claim_lost"):
        cases.decide(alice.actor, case.pk, late.fence, WORDS)
    assert not Decision.objects.exists()
    assert Draft.objects.get(case=case, author=alice.user).words["reason"] == WORDS.reason
    assert not cases.renew(alice.actor, case.pk, late.fence)


def test_an_old_fence_of_the_same_person_saves_nothing(case: Case, alice: Person) -> None:
    """Two tabs: the one that was overtaken cannot decide."""
    old = cases.claim(alice.actor, case.pk)
    expire(case)
    cases.claim(alice.actor, case.pk)
    with refuses("claim_lost"):
        cases.decide(alice.actor, case.pk, old.fence, WORDS)


def test_release_gives_the_case_back(case: Case, alice: Person, bob: Person) -> None:
    """And only the holder can."""
    held = cases.claim(alice.actor, case.pk)
    with refuses("claim_lost"):
        cases.release(bob.actor, case.pk, held.fence)
    cases.release(alice.actor, case.pk, held.fence)
    assert cases.claim_next(bob.actor) == case


def test_a_reopened_case_keeps_its_earlier_decision(case: Case, alice: Person) -> None:
    """Nothing is altered; a second decision stands beside the first."""
    for outcome in ("manipulated", "not_manipulated"):
        held = cases.claim(alice.actor, case.pk)
        cases.decide(alice.actor, case.pk, held.fence, DecisionText(outcome, "as seen"))
        with pytest.raises(Refusal):
            cases.reopen(alice.actor, case.pk, why=" ")
        cases.reopen(alice.actor, case.pk, why="a colleague disagrees")
    outcomes = Decision.objects.filter(case=case).values_list("outcome", flat=True)
    assert list(outcomes) == ["manipulated", "not_manipulated"]


def test_a_closed_account_counts_as_nobody_else(case: Case, alice: Person, bob: Person) -> None:
    """Alice decided it before: while Bob decides too, it is his; once his account is closed, hers
    again."""
    held = cases.claim(alice.actor, case.pk)
    cases.decide(alice.actor, case.pk, held.fence, WORDS)
    cases.reopen(alice.actor, case.pk, why="the source was questioned")
    assert cases.claim_next(alice.actor) is None
    User.objects.filter(pk=bob.user.pk).update(is_active=False)
    assert cases.claim_next(alice.actor) == case


@pytest.mark.parametrize(
    "words",
    [
        DecisionText("perhaps", "x"),
        DecisionText("unclear", "  "),
        DecisionText("unclear", "x", policy_id=10**6),
    ],
)
def test_half_a_decision_is_refused(case: Case, alice: Person, words: DecisionText) -> None:
    """Outcome and reason are asked for, and a policy that exists."""
    held = cases.claim(alice.actor, case.pk)
    with pytest.raises(Refusal):
        cases.decide(alice.actor, case.pk, held.fence, words)
    case.refresh_from_db()
    assert case.state == "claimed"


def test_a_team_with_policies_decides_by_one(case: Case, alice: Person) -> None:
    """The policy's text is kept as it stood."""
    policy = Policy.objects.create(team=alice.team, name="Elections", text="version 1")
    held = cases.claim(alice.actor, case.pk)
    with pytest.raises(Refusal, match="policy"):
        cases.decide(alice.actor, case.pk, held.fence, WORDS)
    words = DecisionText("manipulated", "as seen", policy_id=policy.pk)
    decision = cases.decide(alice.actor, case.pk, held.fence, words)
    assert isinstance(decision, Decision) and decision.policy_text == "version 1"


@pytest.mark.parametrize(("wanted", "cases"), [(True, 1), (False, 0)])
def test_the_teams_rule_routes(alice: Person, send: Send, wanted: bool, cases: int) -> None:
    """What is inconclusive waits for a person, unless the team says otherwise."""
    RoutingRule.objects.create(team=alice.team, inconclusive=wanted)
    submission = send(alice)
    with transaction.atomic():
        routing.after_parking(submission.analysis)
    assert Case.objects.filter(submission=submission).count() == cases


@pytest.mark.parametrize(
    "change",
    [
        "update review_decision set outcome = 'unclear'",
        "update review_case set state = 'claimed'",
        "update review_case set state = 'open', holder_id = null, decided_at = null, fence = 0",
        "insert into review_decision select gen_random_uuid(), fence, outcome, policy_text, '', "
        "note, seconds_on_case, created_at, case_id, decided_by_id, policy_id, team_id "
        "from review_decision",
    ],
)
def test_the_database_refuses_what_cannot_be(case: Case, alice: Person, change: str) -> None:
    """Whoever writes SQL by hand meets the same rules."""
    held = cases.claim(alice.actor, case.pk)
    cases.decide(alice.actor, case.pk, held.fence, WORDS)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
