"""Only the reviewer is reminded of a break. A break keeps cases and drafts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, Team
from accounts.refusals import Refusal
from accounts.templatetags.moments import hour
from audit.models import Event
from media_analysis.care.models import CareRule, Sitting
from media_analysis.care.services import breaks, exposure
from media_analysis.care.services.breaks import Limits
from media_analysis.review.models import LEASE_SECONDS, Case
from media_analysis.review.services import cases
from media_analysis.submissions.models import Submission
from tests.factories import MembershipFactory, TeamFactory
from tests.people import Person, Send
from tests.review.test_services import opened


@pytest.fixture
def a_case(alice: Person, send: Send) -> Case:
    return opened(alice, send)


HOUR_AGO = timedelta(minutes=61)
QUEUE = "review:queue"
BREAK_NOTICE = 'id="break"'


def says(person: Person, url: str = "") -> bool:
    return BREAK_NOTICE in person.client().get(url or reverse(QUEUE)).content.decode()


def worked_for_an_hour(**more: object) -> None:
    Sitting.objects.update(began_at=Now() - HOUR_AGO, reminded_from=Now() - HOUR_AGO, **more)


def meet(person: Person, *sent: Submission) -> None:
    for one in sent:
        exposure.met(person.actor, one.pk, person.team.pk, lambda: True)


def test_after_the_teams_time_a_break_is_recommended_until_dismissed(
    alice: Person, team: Team
) -> None:
    """The queue shows it. Once dismissed, it stays hidden and comes again after the same time."""
    client, queue = alice.client(), reverse(QUEUE)
    assert "without a break" not in client.get(queue).content.decode()
    worked_for_an_hour()
    assert "61 minutes without a break" in client.get(queue).content.decode()
    answer = client.post(reverse("care:dismiss"), {"next": queue})
    assert answer["Location"] == queue
    assert "without a break" not in client.get(queue).content.decode()
    Sitting.objects.update(reminded_from=F("reminded_from") - HOUR_AGO)
    assert "without a break" in client.get(queue).content.decode()
    CareRule.objects.create(team=team, break_minutes=0)
    assert "without a break" not in client.get(queue).content.decode()


def test_after_as_many_items_a_break_is_recommended_until_dismissed(
    alice: Person, team: Team, send: Send
) -> None:
    """An item that is looked at twice counts once; dismissed, it comes after as many again."""
    CareRule.objects.create(team=team, break_minutes=0, break_items=2)
    one, two, three, four = (send(alice, shade) for shade in range(1, 5))
    breaks.works(alice.actor)
    meet(alice, one, one, one)
    assert not says(alice)
    meet(alice, two)
    assert "You were shown 2 items without a break" in (
        alice.client().get(reverse(QUEUE)).content.decode()
    )
    breaks.dismiss(alice.actor)
    meet(alice, three)
    assert not says(alice)
    meet(alice, four)
    assert says(alice)
    CareRule.objects.update(break_items=0)
    assert not says(alice)


def test_a_persons_own_choice_comes_first_part_by_part(alice: Person, team: Team) -> None:
    """Empty is the team's, 0 is never; chosen on the own page; a figure too high is an error."""
    CareRule.objects.create(team=team, break_minutes=30, break_items=5)
    breaks.works(alice.actor)
    Sitting.objects.update(began_at=Now() - timedelta(minutes=40))
    Sitting.objects.update(reminded_from=F("began_at"), items=4)
    assert says(alice)
    client, url = alice.client(), reverse("care:own")
    assert client.post(url, {"break_minutes": "481"}).status_code == 422
    assert client.post(url, {"break_minutes": "45", "break_items": ""}).status_code == 302
    assert breaks.chosen_by(alice.user) == Limits(45, None) and not says(alice)
    Sitting.objects.update(items=5)
    assert says(alice)
    breaks.choose_own(alice.user, Limits(0, 0))
    assert not says(alice)
    with pytest.raises(Refusal):
        breaks.choose_own(alice.user, Limits(0, 1001))
    assert breaks.of_team(team) == Limits(30, 5)


def test_of_several_teams_the_lowest_holds(alice: Person, team: Team) -> None:
    other_team = TeamFactory()
    MembershipFactory(team=other_team, user=alice.user, role=Role.MODERATOR)
    CareRule.objects.create(team=team, break_minutes=0, break_items=90)
    CareRule.objects.create(team=other_team, break_minutes=50)
    breaks.works(alice.actor)
    worked_for_an_hour()
    assert says(alice)


def test_a_break_begins_both_counts_anew(alice: Person, send: Send) -> None:
    meet(alice, send(alice))
    assert Sitting.objects.get().items == 1
    worked_for_an_hour(last_at=Now() - breaks.A_BREAK - timedelta(seconds=1))
    breaks.works(alice.actor)
    assert breaks.due(alice.actor) is None
    sitting = Sitting.objects.get()
    assert sitting.items == 0 and sitting.began_at > timezone.now() - timedelta(minutes=1)


def test_a_list_that_renews_itself_is_nobody_at_work(alice: Person) -> None:
    alice.client().get(reverse(QUEUE), headers={"X-Renew": "yes"})
    assert not Sitting.objects.exists()


def test_a_break_keeps_the_case_and_the_words(alice: Person, bob: Person, a_case: Case) -> None:
    """Longer than a break, also while another page of hers gives a sign of life. Bob cannot claim
    it in the meantime. Her page leads back to it, and the form holds her words."""
    held = cases.claim(alice.actor, a_case.pk)
    client = alice.client()
    words = {"fence": held.fence, "outcome": "manipulated", "reason": "seen before"}
    answer = client.post(reverse("review:rest_from", args=[a_case.pk]), words, follow=True)
    page = answer.content.decode()
    assert "Continue your case" in page and reverse("review:case", args=[a_case.pk]) in page
    assert cases.renew(alice.actor, a_case.pk, held.fence)
    a_case.refresh_from_db()
    assert a_case.lease_until is not None
    assert a_case.lease_until > timezone.now() + breaks.A_BREAK
    with pytest.raises(Refusal):
        cases.claim(bob.actor, a_case.pk)
    assert "seen before" in client.get(reverse("review:case", args=[a_case.pk])).content.decode()


def test_a_break_is_not_on_record_and_no_lead_sees_it(
    alice: Person, lead: Person, a_case: Case
) -> None:
    """No event; to others the claim reads like one that an open page renews."""
    cases.claim(alice.actor, a_case.pk)
    alice.client().get(reverse(QUEUE))
    worked_for_an_hour()
    before = Event.objects.count()
    assert alice.client().post(reverse("review:rest")).status_code == 302
    assert Event.objects.count() == before
    a_case.refresh_from_db()
    displayed_until = a_case.displayed_until
    usual = timezone.now() + timedelta(seconds=LEASE_SECONDS)
    assert displayed_until is not None and a_case.lease_until is not None
    assert displayed_until <= usual < a_case.lease_until
    own = alice.client().get(reverse("review:case", args=[a_case.pk])).content.decode()
    hidden = hour(a_case.lease_until)
    assert f"until {hidden}" in own
    for name, arguments in (
        (QUEUE, []), ("review:case", [a_case.pk]), ("dashboard:overview", []),
        ("teams:care", [alice.team.pk]),
    ):  # fmt: skip
        page = lead.client().get(reverse(name, args=arguments)).content.decode()
        assert f"until {hidden}" not in page and BREAK_NOTICE not in page
    assert not says(alice)


def test_whoever_writes_is_not_interrupted(alice: Person, a_case: Case) -> None:
    """A form that comes back with an error bears no reminder, the page that is opened does."""
    held = cases.claim(alice.actor, a_case.pk)
    page = reverse("review:case", args=[a_case.pk])
    alice.client().get(page)
    worked_for_an_hour()
    unfinished = {"fence": held.fence, "reason": "seen"}
    decide = reverse("review:decide", args=[a_case.pk])
    answer = alice.client().post(decide, unfinished)
    assert answer.status_code == 422 and BREAK_NOTICE not in answer.content.decode()
    assert says(alice, page)


def test_an_expired_claim_is_claimed_again_from_the_page_of_the_break(
    alice: Person, a_case: Case
) -> None:
    cases.claim(alice.actor, a_case.pk)
    Case.objects.update(lease_until=Now() - timedelta(minutes=1))
    page = alice.client().get(reverse("review:rest")).content.decode()
    assert "Claim it again" in page and reverse("review:claim", args=[a_case.pk]) in page


def test_a_choice_of_breaks_belongs_to_a_team_or_to_a_person(alice: Person, team: Team) -> None:
    """The database refuses both, and neither."""
    for owners in ({}, {"team": team, "person": alice.user}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CareRule.objects.create(break_minutes=30, **owners)
