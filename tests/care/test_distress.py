"""A reviewer can hand back a distressing case without blame."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from accounts.models import Membership, Role, Team
from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from media_analysis.review.models import Case, DecisionText, DistressFlag, Draft
from media_analysis.review.search import queue
from media_analysis.review.services import bulk, cases, distress
from tests.people import Person, Send, member
from tests.review.test_services import opened


def passed_on(person: Person, case: Case) -> None:
    held = cases.claim(person.actor, case.pk)
    distress.pass_on(person.actor, case.pk, held.fence)


def test_the_case_is_anybodys_but_not_offered_to_this_person_again(
    alice: Person, bob: Person, send: Send
) -> None:
    """Not by the queue, not by its page, not among several; Bob gets it."""
    case = opened(alice, send)
    passed_on(alice, case)
    assert cases.claim_next(alice.actor) is None and queue.visible_cases(alice.actor) == []
    assert queue.count(alice.actor) == 0 and queue.count(bob.actor) == 1
    with pytest.raises(Refusal) as refused:
        cases.claim(alice.actor, case.pk)
    assert refused.value.code == "case_for_somebody_else"
    words = DecisionText("unclear", "x")
    assert bulk.decide(alice.actor, [case], words) == bulk.Done(0, 1)
    taken = cases.claim_next(bob.actor)
    assert taken is not None and taken.pk == case.pk


def test_the_record_tells_it_from_no_other_release(alice: Person, bob: Person, send: Send) -> None:
    """The same verb, the same fields and no reason, whoever reads it."""
    flagged, released = opened(alice, send, 1), opened(alice, send, 2)
    passed_on(alice, flagged)
    held = cases.claim(alice.actor, released.pk)
    cases.release(alice.actor, released.pk, held.fence)
    one, other = Event.objects.filter(verb=Verb.CASE_RELEASED).order_by("id")
    for event in (one, other):
        assert event.content["data"].keys() == other.content["data"].keys()
        assert not event.content.get("why")
    page = bob.client().get(reverse("review:case", args=[flagged.pk])).content.decode()
    assert "passed" not in page and "istress" not in page


def test_words_are_kept_and_the_person_may_ask_for_the_case_again(
    alice: Person, send: Send
) -> None:
    """By the page: the draft is theirs, the queue has it no more, one press brings it back."""
    case = opened(alice, send)
    held = cases.claim(alice.actor, case.pk)
    client = alice.client()
    form = {"fence": held.fence, "reason": "half a thought"}
    answer = client.post(reverse("review:pass_on", args=[case.pk]), form, follow=True)
    assert "You passed the case on" in answer.content.decode()
    assert Draft.objects.get().words["reason"] == "half a thought"
    page = client.get(reverse("review:case", args=[case.pk])).content.decode()
    assert "not offered to you" in page and reverse("review:claim", args=[case.pk]) not in page
    client.post(reverse("review:take_back", args=[case.pk]))
    assert cases.claim_next(alice.actor) is not None
    assert not DistressFlag.objects.exists()


def test_who_does_not_hold_the_case_passes_nothing_on(
    alice: Person, bob: Person, send: Send
) -> None:
    """An old page: nothing is flagged, nothing moves."""
    case = opened(alice, send)
    held = cases.claim(alice.actor, case.pk)
    with pytest.raises(Refusal):
        distress.pass_on(bob.actor, case.pk, held.fence)
    with pytest.raises(Refusal):
        distress.pass_on(alice.actor, case.pk, held.fence + 1)
    with pytest.raises(Refusal):
        distress.take_back(bob.actor, case.pk)
    assert not DistressFlag.objects.exists()


def test_a_lead_assigns_it_to_others_only_and_is_told_no_reason(
    alice: Person, bob: Person, lead: Person, send: Send
) -> None:
    case = opened(alice, send)
    passed_on(alice, case)
    assert bulk.assign(lead.actor, [case], alice.user) == bulk.Done(0, 1)
    assert bulk.assign(lead.actor, [case], bob.user) == bulk.Done(1, 0)


def test_a_lead_sees_cases_that_nobody_can_be_offered(
    alice: Person, bob: Person, lead: Person, send: Send, team: Team
) -> None:
    """Only once everybody who decides passed it on; no name is told. Somebody new can take it."""
    case = opened(alice, send)
    url = reverse("teams:care", args=[team.pk])
    for person in (alice, bob, lead):
        assert distress.for_nobody(team) == []
        passed_on(person, case)
    page = lead.client().get(url).content.decode()
    assert "Cases that nobody is offered" in page and str(alice.user) not in page
    assert distress.count(team, 3) is None, "today is not over"
    DistressFlag.objects.update(created_at=Now() - timedelta(days=1))
    assert distress.count(team, 3) == 3 and distress.count(team, 4) is None
    new = member(team, Role.MODERATOR)
    assert Membership.objects.filter(team=team).count() == 4
    assert distress.for_nobody(team) == [] and cases.claim_next(new.actor) is not None
