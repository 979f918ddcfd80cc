"""What a person met is counted for that person alone."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

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


def test_a_lead_sees_sums_of_three_and_no_name(lead: Person, send: Send, team: Team) -> None:
    """With two people nothing is told; with three their sums, and the most, without a name."""
    client, url = lead.client(), reverse("teams:care", args=[team.pk])
    for number in range(1, 4):
        person = member(team, Role.MODERATOR)
        for shade in range(number):
            exposure.met(person.actor, send(person, 10 * number + shade).pk, team.pk, lambda: True)
        page = client.get(url).content.decode()
        assert ("The most that one person met" in page) is (number == 3)
        assert str(person.user) not in page
    load = figures.of_team(team)
    assert (load.people, load.met, load.most, load.unveiled) == (3, 6, 3, 0)


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
