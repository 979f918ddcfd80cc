"""Appeals: the sender of the media objects, another person decides, and only they see the text."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

import ml.services
from accounts.models import Role
from audit.models import Event
from audit.who import SYSTEM
from media_analysis.reports.contents import _history
from media_analysis.review.models import (
    Appeal,
    Case,
    Decision,
    DecisionText,
    DoubleReview,
    Draft,
    Queue,
    QueueOrder,
    RoutingRule,
)
from media_analysis.review.search import appeals as search
from media_analysis.review.search import detector_quality, queue
from media_analysis.review.services import appeals, cases, distress, grace, leading
from media_analysis.submissions.models import Submission
from operations.exporting import account
from tests.partners.test_errors_listed import erase
from tests.people import Person, Send, member
from tests.refusals import refuses
from tests.review.appealing import FIRST, TEXT, appeal, card, decided, in_force, wrong_on_record
from tests.review.test_services import opened


def test_an_appeal_reopens_the_case_and_another_person_answers_it(
    case: Case, alice: Person, bob: Person, dora: Person
) -> None:
    """Neither who decided nor who appealed gets it; the further decision is the answer."""
    made = appeal(case, alice)
    case.refresh_from_db()
    assert case.state == "open" and in_force(case) is None and card(case) == "none"
    for nobody in (alice, bob):
        assert cases.claim_next(nobody.actor) is None
        with refuses("case_for_somebody_else"):
            cases.claim(nobody.actor, case.pk)
    assert cases.claim_next(dora.actor) == case
    case.refresh_from_db()
    right = DecisionText("not_manipulated", "You are right")
    second = cases.decide(dora.actor, case.pk, case.fence, right)
    made.refresh_from_db()
    assert (made.state, made.outcome, made.answer) == ("answered", "changed", second)
    assert card(case) == "not_manipulated"
    verbs = list(Event.objects.filter(chain=case.submission_id).values_list("verb", flat=True))
    assert verbs[-3:] == ["case.claimed", "case.decided", "case.appeal_answered"]
    assert "case.appealed" in verbs
    assert not any(b"canary" in bytes(one.payload) for one in Event.objects.all())
    assert wrong_on_record() == []


def test_the_same_outcome_upholds_the_decision(case: Case, alice: Person, dora: Person) -> None:
    made = appeal(case, alice)
    decided(case, dora, DecisionText("manipulated", "I see the seam, too"))
    made.refresh_from_db()
    assert made.outcome == "upheld"
    with refuses("appeal_answered"):
        appeal(case, alice, "Once more")


def test_only_who_sent_it_appeals(
    case: Case, bob: Person, lead: Person, charlie: Person, viewer: Person
) -> None:
    """Alice's team-mates, leads too, do not; Charlie sees neither page nor case."""
    for person in (bob, lead, viewer):
        with refuses("appeal_not_yours"):
            appeal(case, person)
    with refuses("not_allowed"):
        appeal(case, charlie)
    address = reverse("review:appeal", args=[case.submission_id])
    for person in (bob, charlie):
        assert person.client().post(address, {"text": TEXT}).status_code == 404
    assert not Appeal.objects.exists()


def test_without_a_decision_in_force_there_is_nothing_to_appeal(
    alice: Person, bob: Person, send: Send
) -> None:
    """Not before one, not within its grace time, not while reopened, not in double review."""
    case = opened(alice, send)

    def refused() -> None:
        with refuses("no_decision_in_force"):
            appeal(case, alice)

    refused()
    held = cases.claim(bob.actor, case.pk)
    RoutingRule.objects.create(team=case.team, grace_seconds=30)
    grace.decide(bob.actor, case.pk, held.fence, FIRST)
    refused()
    grace.undo(bob.actor, case.pk)
    case.refresh_from_db()
    RoutingRule.objects.update(second_share=1.0)
    cases.decide(bob.actor, case.pk, case.fence, FIRST)
    assert DoubleReview.objects.filter(closed_at=None).exists()
    refused()
    RoutingRule.objects.update(second_share=0.0)
    decided(case, alice)
    cases.reopen(bob.actor, case.pk, why="look again")
    refused()


def test_the_teams_own_time_is_the_limit(case: Case, alice: Person, lead: Person) -> None:
    """Measured from the decision; 0 days take none. Other limits: a text, and its length."""
    for text, code in (("  \0 ", "appeal_text_missing"), ("x" * 4001, "appeal_too_long")):
        with refuses(code):
            appeal(case, alice, text)
    with refuses("appeal_days_out_of_range"):
        appeals.give_days(lead.actor, case.team, 3651)
    with refuses("not_allowed"):
        appeals.give_days(alice.actor, case.team, 10)
    assert appeals.give_days(lead.actor, case.team, 0)
    with refuses("appeals_not_taken"):
        appeal(case, alice)
    assert appeals.give_days(lead.actor, case.team, 10)
    assert not appeals.give_days(lead.actor, case.team, 10)
    found = appeals.appealable(alice.actor, case.submission)
    assert found and found.until == found.decision.created_at + timedelta(days=10)


def test_a_day_too_late_is_too_late(
    case: Case, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=181))
    with refuses("appeal_too_late"):
        appeal(case, alice)
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=179))
    assert appeal(case, alice).state == "open"


def test_one_is_open_at_a_time_and_not_too_many_of_one_sender(
    case: Case, alice: Person, bob: Person, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    appeal(case, alice)
    with refuses("appeal_open"):
        appeal(case, alice)
    monkeypatch.setattr(appeals, "MOST_OPEN", 1)
    another = opened(alice, send, 9)
    decided(another, bob)
    with refuses("too_many_appeals"):
        appeal(another, alice)


def test_a_withdrawn_appeal_lets_the_first_decision_stand_again(
    case: Case, alice: Person, bob: Person, dora: Person
) -> None:
    """As it was, in history, figures and reports, whoever held the case loses it and keeps the
    words; it can be reopened or appealed again, and then it stands no more."""
    first = in_force(case)
    made = appeal(case, alice)
    held = cases.claim(dora.actor, case.pk)
    appeals.withdraw(alice.actor, case.submission)
    with refuses("claim_lost"):
        cases.decide(dora.actor, case.pk, held.fence, DecisionText("unclear", "typed meanwhile"))
    assert Draft.objects.get(case=case, author=dora.user).words["reason"] == "typed meanwhile"
    made.refresh_from_db()
    case.refresh_from_db()
    assert made.state == "withdrawn" and Decision.objects.filter(case=case).count() == 1
    assert in_force(case) == first and card(case) == "manipulated" and case.fence == 3
    assert detector_quality.in_force([case.team_id]).count() == 1
    assert case.decided_at == first["decided_at"]  # type: ignore[index]
    assert wrong_on_record() == []
    appeal(case, alice, "Another reason")
    assert in_force(case) is None
    second = decided(case, dora, DecisionText("unclear", "hard to say"))
    now = in_force(case)
    assert now and (now["id"], now["supersedes"]) == (second.pk, first["id"])  # type: ignore[index]
    cases.reopen(bob.actor, case.pk, why="look again")
    with refuses("appeal_not_open"):
        appeals.withdraw(alice.actor, case.submission)
    assert wrong_on_record() == []


def test_who_concluded_already_is_not_stopped_by_withdrawing(
    case: Case, alice: Person, bob: Person, dora: Person
) -> None:
    """Within the grace time, and between two opinions."""
    appeal(case, alice)
    RoutingRule.objects.create(team=case.team, grace_seconds=30)
    held = cases.claim(dora.actor, case.pk)
    grace.decide(dora.actor, case.pk, held.fence, FIRST)
    with refuses("appeal_being_answered"):
        appeals.withdraw(alice.actor, case.submission)
    grace.undo(dora.actor, case.pk)
    case.refresh_from_db()
    RoutingRule.objects.update(second_share=1.0)
    cases.decide(dora.actor, case.pk, case.fence, FIRST)
    with refuses("appeal_being_answered"):
        appeals.withdraw(alice.actor, case.submission)
    with refuses("appeal_not_yours"):
        appeals.withdraw(bob.actor, case.submission)


def test_a_team_of_two_is_not_left_without_anybody(case: Case, alice: Person, bob: Person) -> None:
    """Bob decided and Alice appealed: Bob may decide again, for nobody else could; Alice not. With
    a third person, or one whom the case distresses, it is as ever."""
    appeal(case, alice)
    assert cases.claim_next(alice.actor) is None
    dora = member(case.team, Role.MODERATOR)
    assert cases.claim_next(bob.actor) is None
    held = cases.claim(dora.actor, case.pk)
    distress.pass_on(dora.actor, case.pk, held.fence)
    assert cases.claim_next(bob.actor) == case


def test_the_second_of_two_who_agreed_does_not_answer_either(
    alice: Person, bob: Person, dora_and_erin: tuple[Person, Person], send: Send
) -> None:
    dora, erin = dora_and_erin
    RoutingRule.objects.create(team=alice.team, second_share=1.0, grace_seconds=0)
    case = opened(alice, send)
    for person in (bob, dora):
        held = cases.claim(person.actor, case.pk)
        cases.decide(person.actor, case.pk, held.fence, FIRST)
    RoutingRule.objects.update(second_share=0.0)
    appeal(case, alice)
    assert cases.claim_next(dora.actor) is None and cases.claim_next(bob.actor) is None
    assert cases.claim_next(erin.actor) == case


@pytest.fixture
def dora_and_erin(alice: Person) -> tuple[Person, Person]:
    return member(alice.team, Role.MODERATOR), member(alice.team, Role.MODERATOR)


@pytest.mark.parametrize("order", QueueOrder.values)
def test_appeals_come_first_in_every_order_and_have_a_time(
    case: Case, alice: Person, dora: Person, send: Send, order: str
) -> None:
    """Before older, newer and more suspicious cases; due as their queue says, from the appeal."""
    RoutingRule.objects.create(team=case.team, queue_order=order)
    named = Queue.objects.create(team=case.team, name="Faces", hours=5)
    for shade in (1, 2):
        other = opened(alice, send, shade)
        Case.objects.filter(pk=other.pk).update(suspicion=2.9, due_at=timezone.now())
    Case.objects.filter(pk=case.pk).update(queue=named)
    appeal(case, alice)
    case.refresh_from_db()
    assert case.due_at and timedelta(hours=4.9) < case.due_at - timezone.now() < timedelta(hours=5)
    rows = queue.visible_cases(dora.actor)
    assert rows[0].pk == case.pk and len(rows) == 3
    assert rows[0].appealed_at  # type: ignore[attr-defined]
    page = dora.client().get(reverse("review:queue")).content.decode()
    assert f'title="appealed {timezone.now():%Y-%m-%d}' in page and 'first">Appeal<' in page
    only = queue.visible_cases(dora.actor, {"because": "appeal"})
    assert [one.pk for one in only] == [case.pk]
    assert cases.claim_next(dora.actor) == case


def test_a_lead_moves_and_assigns_it_by_the_same_rule(
    case: Case, alice: Person, bob: Person, lead: Person
) -> None:
    appeal(case, alice)
    leading.move(lead.actor, case.pk, Queue.objects.create(team=case.team, name="Appeals"), "theme")
    held = cases.claim(lead.actor, case.pk)
    assert held.queue and held.queue.name == "Appeals"


def test_it_is_erased_with_the_submission_and_exported_to_its_author(
    case: Case, alice: Person, dora: Person
) -> None:
    appeal(case, alice)
    assert [one["text"] for one in account(alice.user)["appeals"]] == [TEXT]
    assert account(dora.user)["appeals"] == []
    ml.services.cancel(case.submission.analysis_id, SYSTEM)
    erase(case.submission)
    assert not Appeal.objects.exists() and not Submission.objects.exists()


def test_pages_tell_it_to_whom_it_concerns(
    case: Case, alice: Person, bob: Person, dora: Person, charlie: Person
) -> None:
    """Who sent it is offered the form, reads the state and the answer; who decides reads text and
    first decision; the queue names it; Charlie reads nothing."""
    detail = reverse("submissions:detail", args=[case.submission_id])
    page = reverse("review:case", args=[case.pk])

    def read(who: Person, address: str) -> str:
        return who.client().get(address).content.decode()

    assert "Appeal the decision" in read(alice, detail)
    assert "Appeal the decision" not in read(bob, detail)
    answer = alice.client().post(
        reverse("review:appeal", args=[case.submission_id]), {"text": TEXT}
    )
    assert answer.status_code == 302
    mine = read(alice, detail)
    assert TEXT in mine and "Withdraw appeal" in mine and "Appeal the decision" not in mine
    assert "Withdraw appeal" not in read(bob, detail)
    queue_page = read(dora, page)
    assert TEXT in queue_page and "the seam along the jaw" in queue_page
    assert ">Appeal</span>" in read(dora, reverse("review:queue"))
    claim = f"{page}claim/"
    assert claim in queue_page and claim not in read(alice, page)
    for address in (detail, page, reverse("review:queue")):
        assert "canary" not in read(charlie, address)
    decided(case, dora, DecisionText("not_manipulated", "You are right: it is a shadow"))
    detail_page = read(alice, detail)
    assert "You are right: it is a shadow" in detail_page and "changed from" in detail_page
    assert "Answers the appeal" in read(dora, page)


def test_a_report_names_the_appeal_and_not_its_text(
    case: Case, alice: Person, dora: Person
) -> None:
    appeal(case, alice)
    decided(case, dora, DecisionText("manipulated", "I see it, too"))
    steps = _history(case)
    assert [step["what"] for step in steps] == ["decided", "appealed", "decided"]
    assert steps[-1]["answers_appeal"] == "upheld" and "canary" not in str(steps)


def test_the_share_changed_comes_with_its_number_and_interval(
    alice: Person, bob: Person, send: Send
) -> None:
    dora = member(alice.team, Role.MODERATOR)
    for shade, outcome in enumerate(("manipulated", "unclear", "manipulated", None)):
        case = opened(alice, send, shade)
        decided(case, bob)
        appeal(case, alice)
        if outcome:
            decided(case, dora, DecisionText(outcome, "seen"))
        else:
            appeals.withdraw(alice.actor, case.submission)
    thirty, ninety = search.figures([alice.team.pk])
    assert (thirty.days, ninety.days) == (30, 90)
    assert (ninety.made, ninety.open, ninety.withdrawn) == (4, 0, 1)
    changed = ninety.changed
    assert changed.n == 3 and changed.value == pytest.approx(1 / 3)
    assert changed.low == pytest.approx(0.0615, abs=1e-3)
    assert changed.high == pytest.approx(0.7923, abs=1e-3)
