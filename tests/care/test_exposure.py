"""A person's exposure is counted for that person alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actors import SHELL_ACTOR
from accounts.models import Role, Team
from accounts.services import people
from media_analysis.care.keys import USUAL
from media_analysis.care.models import CareRule, Exposure, OwnKey, Sitting, Veil
from media_analysis.care.search import figures
from media_analysis.care.services import breaks, exposure, own_keys, veils
from media_analysis.submissions.models import Submission
from ml.models import Thumbnail
from tests.people import Person, Send, member, picture


def pictured(sent: Submission) -> str:
    Thumbnail.objects.create(analysis=sent.analysis, name="frame", png=picture())
    return reverse("submissions:picture", args=[sent.pk, "frame"])


def test_an_item_counts_once_a_day_and_the_lifted_veil_beside_it(
    alice: Person, bob: Person, send: Send
) -> None:
    """Two looks at one picture and one at another are two items; one of them was unveiled."""
    one, two = send(alice, 1), send(alice, 2)
    client = alice.client()
    first, second = pictured(one), pictured(two)
    for url in (first, first, second):
        assert client.get(url).status_code == 200
    assert client.post(reverse("submissions:unveiled", args=[one.pk])).status_code == 204
    hers = figures.own(alice.user)
    assert (hers.today.met, hers.today.unveiled) == (2, 1) and (hers.met, hers.unveiled) == (2, 1)
    assert figures.own(bob.user).met == 0


def test_without_a_veil_whatever_is_shown_counts_as_unveiled(alice: Person, send: Send) -> None:
    veils.choose_own(alice.user, {"image": {"blur": False, "grey": False}})
    assert alice.client().get(pictured(send(alice))).status_code == 200
    assert figures.own(alice.user).today.unveiled == 1


def test_a_stranger_counts_nothing_and_is_counted_nothing(
    alice: Person, charlie: Person, send: Send
) -> None:
    sent = send(alice)
    url = reverse("submissions:unveiled", args=[sent.pk])
    assert charlie.client().post(url).status_code == 404
    assert charlie.client().get(pictured(sent)).status_code == 404
    assert not Exposure.objects.exists()


def test_the_week_is_the_last_seven_days_and_old_counts_are_forgotten(
    alice: Person, send: Send
) -> None:
    today = exposure.today().date()
    for back, shade in ((0, 1), (6, 2), (7, 3), (91, 4)):
        Exposure.objects.create(
            person=alice.user, submission=send(alice, shade), team=alice.team,
            day=today - timedelta(days=back),
        )  # fmt: skip
    own = figures.own(alice.user)
    assert own.met == 2 and [day.met for day in own.days] == [1, 0, 0, 0, 0, 0, 1]
    assert exposure.forget_old() == 1


def met(person: Person, sent: Sequence[Submission], back: int = 1) -> None:
    """So many days ago."""
    day = exposure.today().date() - timedelta(days=back)
    Exposure.objects.bulk_create(
        Exposure(person=person.user, submission=one, team=person.team, day=day) for one in sent
    )


def team_figures(lead: Person, days_later: int = 0) -> figures.OfTeam:
    with pytest.MonkeyPatch.context() as patch:
        then = exposure.today() + timedelta(days=days_later)
        patch.setattr(figures, "today", lambda: then)
        return figures.of_team(lead.user, lead.team)


def test_a_lead_sees_sums_of_three_others_and_no_name(lead: Person, send: Send, team: Team) -> None:
    """Figures of two are not displayed, also where the lead is the third: who knows their own would
    know those of the two. Of three others it is their sum, and no figure of one of them."""
    client, url = lead.client(), reverse("teams:care", args=[team.pk])
    sent = [send(lead, shade) for shade in range(5)]
    met(lead, sent)
    for number in range(1, 4):
        person = member(team, Role.MODERATOR)
        met(person, sent[:number])
        page = client.get(url).content.decode()
        assert ("People who were shown media" in page) is (number == 3)
        assert str(person.user) not in page and "The most that" not in page
    load = team_figures(lead)
    assert (load.people, load.met, load.unveiled, load.enough) == (3, 6, 0, True)


def test_a_day_of_fewer_people_is_in_no_sum(lead: Person, send: Send, team: Team) -> None:
    """Bob alone worked on a day. Whichever two windows a lead takes from each other, his figures
    are not what is left."""
    alice, bob, dora = (member(team, Role.MODERATOR) for _ in range(3))
    sent = [send(lead, shade) for shade in range(9)]
    for person in (alice, bob, dora):
        met(person, sent[:2], back=3)
    met(bob, sent, back=2)
    met(bob, sent[:4], back=1)
    met(dora, sent[:3], back=1)
    sums = [team_figures(lead, later).met for later in range(-3, 9)]
    assert sums == [0, 6, 6, 6, 6, 6, 6, 6, 0, 0, 0, 0][: len(sums)]


def test_today_is_in_no_sum(lead: Person, send: Send, team: Team) -> None:
    """A page that is opened again and again would tell who is looking at media just now."""
    sent = [send(lead, shade) for shade in range(3)]
    for _ in range(3):
        met(member(team, Role.MODERATOR), sent, back=0)
    assert not team_figures(lead).enough and team_figures(lead, days_later=1).met == 9


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(1, 4)), max_size=40))
@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_windows_and_readers_differ_by_sums_of_enough_people(
    lead: Person, send: Send, team: Team, looks: list[tuple[int, int, int]]
) -> None:
    """From one day to the next, and from one lead to another, whatever people meet: what comes or
    goes is a whole day of three others or more, and what another lead's sum tells beside it."""
    with transaction.atomic():
        people = [lead, *(member(team, Role.MODERATOR) for _ in range(4))]
        sent = [send(lead, shade) for shade in range(4)]
        by_day: dict[int, dict[int, int]] = {}
        for who, back, many in looks:
            if who not in by_day.setdefault(back, {}):
                by_day[back][who] = many
                met(people[who], sent[:many], back)

        def of_day(back: int) -> int:
            others = {who: many for who, many in by_day.get(back, {}).items() if who}
            return sum(others.values()) if len(others) >= 3 else 0

        before = team_figures(lead)
        after = team_figures(lead, days_later=1)
        assert after.met - before.met == of_day(0) - of_day(7)
        assert before.met == sum(of_day(back) for back in range(1, 8))
        transaction.set_rollback(True)


def test_dismissing_leads_to_no_foreign_address(alice: Person) -> None:
    answer = alice.client().post(reverse("care:dismiss"), {"next": "https://evil.example/"})
    assert answer["Location"] == reverse("care:own")


def test_with_an_erased_person_all_of_it_is_forgotten(alice: Person, send: Send) -> None:
    exposure.met(alice.actor, send(alice).pk, alice.team.pk, lambda: True)
    breaks.works(alice.actor)
    breaks.choose_own(alice.user, breaks.Limits(minutes=30))
    veils.choose_own(alice.user, {"image": {"blur": True}})
    own_keys.choose(alice.user, USUAL)
    people.erase(SHELL_ACTOR, alice.user)
    assert not Exposure.objects.exists() and not Sitting.objects.exists()
    assert not CareRule.objects.filter(person__isnull=False).exists()
    assert not Veil.objects.exists() and not OwnKey.objects.exists()
