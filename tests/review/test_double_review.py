"""Two people decide without knowing of each other; nothing leaves before both agree or a lead
decides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.actors import actor_for_user
from accounts.models import Membership, Role, Team
from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from media_analysis.review.models import (
    Case,
    Decision,
    DecisionText,
    DoubleReview,
    Draft,
    Opinion,
    PendingDecision,
    Policy,
    RoutingRule,
)
from media_analysis.review.search import queue, rule_match
from media_analysis.review.services import asking, bulk, cases, distress, drafts, grace, opinions
from media_analysis.submissions.models import Submission
from media_analysis.submissions.presenters import custody
from media_analysis.webhooks.models import Event as News
from media_analysis.webhooks.models import EventType
from media_analysis.webhooks.services import endpoints
from tests.people import Person, Send, member
from tests.review.test_grace import time_passes
from tests.review.test_services import opened

SEAM = DecisionText("manipulated", "the seam along the jaw", note="canary of the note")
CLEAN = DecisionText("not_manipulated", "grain is whole")


@pytest.fixture
def twice(team: Team) -> RoutingRule:
    """Every decision is made twice."""
    return RoutingRule.objects.update_or_create(team=team, defaults={"second_share": 1.0})[0]


@pytest.fixture
def sender(team: Team) -> Person:
    """Sends media and decides nothing, so that pages may name them."""
    return member(team, Role.VIEWER)


@pytest.fixture
def case(twice: RoutingRule, admin: Person, send: Send) -> Case:
    return opened(admin, send)


def says(person: Person, case: Case, words: DecisionText) -> Decision | Opinion:
    held = cases.claim(person.actor, case.pk)
    decision = cases.decide(person.actor, case.pk, held.fence, words)
    assert isinstance(decision, Decision | Opinion)
    return decision


def decided_as(case: Case) -> object:
    row: Any = Submission.objects.with_decisions().get(pk=case.submission_id)
    return row.decided_as


def test_agreement_closes_with_the_first_persons_words(
    alice: Person, bob: Person, case: Case
) -> None:
    """Nothing is decided after the first; after the second the decision stands, and the record
    matches every row."""
    assert isinstance(says(alice, case, SEAM), Opinion)
    case.refresh_from_db()
    assert case.state == "open" and case.holder is None and decided_as(case) is None
    assert not Decision.objects.exists()
    assert not Event.objects.filter(verb=Verb.CASE_DECIDED).exists()
    decision = says(bob, case, DecisionText("manipulated", "other words"))
    assert isinstance(decision, Decision)
    assert (decision.reason, decision.decided_by) == ("the seam along the jaw", alice.user)
    assert decision.note == "canary of the note" and decided_as(case) == "manipulated"
    review = DoubleReview.objects.get()
    assert (review.stage, review.probability, review.decision) == ("agreed", 1.0, decision)
    assert review.closed_at is not None
    data = Event.objects.get(verb=Verb.CASE_DECIDED).content["data"]
    assert data["second_person"] == str(bob.user.pk)
    assert custody.custody(Submission.objects.get())["intact"]


def test_disagreement_waits_for_a_lead_who_decides(
    alice: Person, bob: Person, lead: Person, case: Case
) -> None:
    """Neither of the two may take it, nor another moderator; a lead reads both opinions, cannot
    answer it away, and decides. Both stand with the decision."""
    says(alice, case, SEAM)
    says(bob, case, CLEAN)
    case.refresh_from_db()
    assert case.state == "open" and case.asked_at is not None and not Decision.objects.exists()
    dora = member(case.team, Role.MODERATOR)
    for person in (alice, bob, dora):
        with pytest.raises(Refusal):
            cases.claim(person.actor, case.pk)
        page = person.client().get(reverse("review:case", args=[case.pk])).content.decode()
        assert "grain is whole" not in page and "the seam along the jaw" not in page
    client = lead.client()
    page = client.get(reverse("review:case", args=[case.pk])).content.decode()
    for words in ("Two people disagree", str(alice.user), str(bob.user), "grain is whole"):
        assert words in page
    assert "Two people disagree" in client.get(reverse("review:queue")).content.decode()
    held = cases.claim(lead.actor, case.pk)
    with pytest.raises(Refusal) as refused:
        asking.answer(lead.actor, case.pk, held.fence, "look again")
    assert refused.value.code == "case_wants_adjudication"
    decision = cases.decide(
        lead.actor, case.pk, held.fence, DecisionText("unclear", "cannot be told")
    )
    assert isinstance(decision, Decision) and decision.decided_by == lead.user
    assert DoubleReview.objects.get().stage == "adjudicated"
    page = alice.client().get(reverse("review:case", args=[case.pk])).content.decode()
    assert "Decided twice: both opinions" in page and "grain is whole" in page


def test_the_message_says_who_decides_next(
    twice: RoutingRule, alice: Person, bob: Person, case: Case
) -> None:
    """The first message names a second person, the second a lead if both disagree. A policy is
    chosen by its name."""
    RoutingRule.objects.update(grace_seconds=0)
    policy = Policy.objects.create(team=case.team, name="Generated media", text="Label it.")
    messages = []
    for person, outcome in ((alice, "manipulated"), (bob, "not_manipulated")):
        fence = cases.claim(person.actor, case.pk).fence
        page = person.client().get(reverse("review:case", args=[case.pk])).content.decode()
        assert "Choose a policy" in page and "-----" not in page
        words = {"fence": fence, "outcome": outcome, "reason": "seen", "policy": policy.pk}
        answer = person.client().post(reverse("review:decide", args=[case.pk]), words, follow=True)
        messages.append(answer.content.decode())
    assert "Another person gives an opinion" in messages[0]
    assert "Two people disagree, so a lead decides" in messages[1]
    assert "Another person gives an opinion before the case" not in messages[1]


def test_another_policy_is_a_disagreement(alice: Person, bob: Person, case: Case) -> None:
    """The outcome alone does not make two decisions the same."""
    one, other = (Policy.objects.create(team=case.team, name=name) for name in ("A", "B"))
    says(alice, case, DecisionText("manipulated", "x", policy_id=one.pk))
    says(bob, case, DecisionText("manipulated", "x", policy_id=other.pk))
    assert DoubleReview.objects.get().stage == "disputed"


def test_the_second_person_is_another_one(alice: Person, bob: Person, case: Case) -> None:
    """Not by the queue, the page, in bulk or by a lead's assignment; the database refuses it, too.
    The first person's queue does not show the case."""
    says(alice, case, SEAM)
    assert cases.claim_next(alice.actor) is None and queue.visible_cases(alice.actor) == []
    with pytest.raises(Refusal):
        cases.claim(alice.actor, case.pk)
    assert bulk.decide(alice.actor, [case], SEAM) == bulk.Done(0, 1)
    lead = member(case.team, Role.LEAD)
    assert bulk.assign(lead.actor, [case], alice.user) == bulk.Done(0, 1)
    first = Opinion.objects.get()
    first.pk, first.place, first._state.adding = None, 2, True
    with pytest.raises(IntegrityError, match="two_different_people"), transaction.atomic():
        first.save()
    assert cases.claim_next(bob.actor) == case


def test_the_second_sees_nothing_of_the_first(
    alice: Person, bob: Person, admin: Person, case: Case
) -> None:
    """Neither name, nor outcome, nor words: on the case, the result, the queue, the history, in
    the export and in REST. Once it is closed, the record tells all again."""
    says(alice, case, SEAM)
    client = bob.client()
    places = [
        reverse("review:case", args=[case.pk]),
        reverse("submissions:detail", args=[case.submission_id]),
        reverse("submissions:download", args=[case.submission_id]),
        reverse("review:queue"),
        reverse("submissions:history"),
        reverse("api:submission-detail", args=[case.submission_id]),
        reverse("api:submission-list"),
    ]
    client.post(reverse("review:claim", args=[case.pk]))
    for place in places:
        text = b"".join(client.get(place)).decode()
        for secret in (
            str(alice.user),
            alice.user.email,
            str(alice.user.pk),
            SEAM.reason,
            SEAM.note,
        ):
            assert secret not in text, (place, secret)
        answer = client.get(place)
        if answer["Content-Type"].startswith("application/json"):
            assert '"manipulated"' not in json.dumps(answer.json())
    page = client.get(places[0]).content.decode()
    assert "Two people decide this case independently" in page
    held = Case.objects.get()
    cases.decide(bob.actor, held.pk, held.fence, SEAM)
    page = client.get(places[1]).content.decode()
    assert str(alice.user) in page and "gave the first of two opinions" in page


def test_no_webhook_before_both_agree(
    alice: Person, bob: Person, admin: Person, case: Case
) -> None:
    """One when they do, with the decision; none for an opinion."""
    endpoints.add(admin.actor, admin.team, "https://news.example/x", EventType.values)
    says(alice, case, SEAM)
    assert not News.objects.filter(type__startswith="decision").exists()
    says(bob, case, SEAM)
    news = News.objects.get(type__startswith="decision")
    assert "the seam along the jaw" in json.dumps(news.body, default=str)


def test_with_a_grace_time_each_opinion_can_be_undone_first(
    alice: Person, bob: Person, twice: RoutingRule, case: Case
) -> None:
    """Undone, there is no opinion and no double review; settled, there is."""
    RoutingRule.objects.update(grace_seconds=30)
    held = cases.claim(alice.actor, case.pk)
    assert isinstance(grace.decide(alice.actor, case.pk, held.fence, SEAM), PendingDecision)
    grace.undo(alice.actor, case.pk)
    assert not DoubleReview.objects.exists()
    fence = Case.objects.get().fence
    grace.decide(alice.actor, case.pk, fence, SEAM)
    time_passes()
    assert grace.settle_due() == 1 and Opinion.objects.get().person == alice.user
    held = cases.claim(bob.actor, case.pk)
    grace.decide(bob.actor, case.pk, held.fence, CLEAN)
    time_passes()
    assert grace.settle_due() == 1 and DoubleReview.objects.get().stage == "disputed"


def test_a_page_that_leaves_with_its_opinion_leaves_no_draft(alice: Person, case: Case) -> None:
    held = cases.claim(alice.actor, case.pk)
    sealed = drafts.pass_for(alice.actor, held)
    cases.decide(alice.actor, case.pk, held.fence, SEAM)
    with pytest.raises(Refusal) as refused:
        drafts.keep_with_pass({"draft_pass": sealed, "reason": "late"}, case.pk)
    assert refused.value.code == drafts.ALREADY_DECIDED and not Draft.objects.exists()


def test_alone_in_the_team_one_decides_at_once(
    alice: Person, twice: RoutingRule, send: Send
) -> None:
    """Nobody waits for a second person who does not exist, or who passed the case on."""
    assert isinstance(says(alice, opened(alice, send, 1), SEAM), Decision)
    case = opened(alice, send, 2)
    bob = member(case.team, Role.MODERATOR)
    held = cases.claim(bob.actor, case.pk)
    distress.pass_on(bob.actor, case.pk, held.fence)
    assert isinstance(says(alice, case, SEAM), Decision)


def test_a_lead_sees_a_second_opinion_that_nobody_is_left_to_give(
    alice: Person, bob: Person, case: Case
) -> None:
    """Alice decided first, and the others who decide pass the case on."""
    says(alice, case, SEAM)
    others = Membership.objects.filter(team=case.team).exclude(user=alice.user)
    for other in others.select_related("user"):
        assert distress.for_nobody(case.team) == []
        actor = actor_for_user(other.user, via="password")
        held = cases.claim(actor, case.pk)
        distress.pass_on(actor, case.pk, held.fence)
    assert distress.for_nobody(case.team) == [case]


def test_a_reopened_case_is_drawn_again(alice: Person, bob: Person, case: Case) -> None:
    """With its own double review; the decision in force is the newest."""
    says(alice, case, SEAM)
    says(bob, case, SEAM)
    lead, admin = member(case.team, Role.LEAD), member(case.team, Role.LEAD)
    cases.reopen(lead.actor, case.pk, why="new facts")
    assert isinstance(says(lead, case, CLEAN), Opinion) and decided_as(case) is None
    assert isinstance(says(admin, case, CLEAN), Decision)
    assert decided_as(case) == "not_manipulated" and DoubleReview.objects.count() == 2


def test_the_only_lead_may_adjudicate_a_case_of_their_own(
    alice: Person, lead: Person, twice: RoutingRule, send: Send
) -> None:
    """Else nobody could; with another lead it is that one's."""
    case = opened(alice, send)
    says(alice, case, SEAM)
    says(lead, case, CLEAN)
    other = member(case.team, Role.LEAD)
    with pytest.raises(Refusal):
        cases.claim(lead.actor, case.pk)
    other.user.is_active = False
    other.user.save()
    assert isinstance(says(lead, case, CLEAN), Decision)


def test_the_draw_keeps_to_its_share_and_cannot_be_foretold(settings: object) -> None:
    """Of 20,000, a tenth within chance; the same for the same case; another key, another draw."""
    drawn = [rule_match.drawn(f"second {n} 1", 0.1) for n in range(20_000)]
    assert abs(sum(drawn) - 2000) < 4 * (20_000 * 0.1 * 0.9) ** 0.5
    assert drawn == [rule_match.drawn(f"second {n} 1", 0.1) for n in range(20_000)]
    assert not any(rule_match.drawn(f"x{n}", 0.0) for n in range(1000))
    assert all(rule_match.drawn(f"x{n}", 1.0) for n in range(1000))
    settings.SECRET_KEY = "another key"  # type: ignore[attr-defined]
    assert drawn != [rule_match.drawn(f"second {n} 1", 0.1) for n in range(20_000)]


def test_shares_are_a_leads_to_choose_and_an_event(lead: Person, alice: Person) -> None:
    """By the team's page, in per cent; out of range it says so; a moderator may not."""
    client, url = lead.client(), reverse("teams:quality", args=[lead.team.pk])
    assert client.post(url, {"second": "120", "spot": "0"}).status_code == 422
    assert client.post(url, {"second": "5", "spot": "0.5"}).status_code == 302
    rule = RoutingRule.of(lead.team.pk)
    assert (rule.second_share, rule.spot_share) == (0.05, 0.005)
    data = Event.objects.get(verb=Verb.QUEUE_CHANGED).content["data"]
    assert (data["second_share_before"], data["second_share_after"]) == (0.0, 0.05)
    assert not opinions.choose_shares(lead.actor, lead.team, 0.05, 0.005)
    with pytest.raises(Refusal):
        opinions.choose_shares(alice.actor, alice.team, 0.5, 0.5)
