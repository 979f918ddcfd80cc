"""Each mark of a quota sends one notice, to webhooks and to those who run the team."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.formats import date_format

from accounts.actors import actor_for_key
from accounts.models import ApiKey, Role, Scope, ServiceAccount, Team
from accounts.refusals import Refusal
from accounts.services.keys import issue_key, replace_key
from media_analysis.submissions.models import MonthCount
from media_analysis.submissions.services import quotas
from media_analysis.submissions.services.intake import submit
from media_analysis.webhooks.models import Endpoint, Event, EventType
from media_analysis.webhooks.services import endpoints
from tests.factories import MembershipFactory, ServiceAccountFactory, TeamFactory
from tests.people import Person, Send, picture
from tests.submissions.test_quotas import key_actor

NEARLY, REACHED = "quota.nearly_reached", "quota.reached"


def listens(team: Team, name: str, service: ServiceAccount | None = None) -> None:
    Endpoint.objects.create(
        team=team, service=service, url=f"https://{name}.example/", events=EventType.values
    )


def quota_events() -> list[tuple[str, dict[str, Any]]]:
    found = Event.objects.filter(type__startswith="quota.").order_by("created_at", "id")
    return [(one.type, json.loads(one.body)["data"]["quota"]) for one in found]


def quota_deliveries(name: str) -> Counter[str]:
    mine = Event.objects.filter(deliveries__endpoint__url=f"https://{name}.example/")
    return Counter(mine.filter(type__startswith="quota.").values_list("type", flat=True))


def send_as(service: ServiceAccount, *shades: int) -> None:
    actor = key_actor(service)
    for shade in shades:
        submit(actor, Team.objects.get(pk=service.team_id), BytesIO(picture(shade)), "a.png")


def limit(team: Team, quota: int | None) -> None:
    team.quota = quota
    team.save()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("quota", [1, 4, 5, 11])
def test_of_many_at_once_one_tells_each(quota: int, mailoutbox: list[Any]) -> None:
    """At 80 % and at 100 %, both together at a small quota: then only that it is reached."""
    team = TeamFactory(name="Newsroom", quota=quota)
    partner = ServiceAccountFactory(team=team, name="Acme", quota=quota)
    MembershipFactory(team=team, role=Role.LEAD)
    listens(team, "house")
    actor = key_actor(partner)  # its admin is told too

    def sends(shade: int) -> None:
        try:
            submit(actor, Team.objects.get(), BytesIO(picture(shade)), f"{shade}.png")
        except Refusal as refusal:
            assert refusal.code == "quota_reached"
        finally:
            connection.close()

    mailoutbox.clear()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sends, range(2 * quota + 4)))
    at = -(-quota * 80 // 100)
    stages = [(NEARLY, at), (REACHED, quota)] if at < quota else [(REACHED, quota)]
    for whose in ("team", "partner"):
        found = sorted((kind, one["used"]) for kind, one in quota_events() if one["whose"] == whose)
        assert found == stages
    assert len(mailoutbox) == 2 * 2 * len(stages), "a lead and an admin, of both quotas"


def test_what_is_told_names_whose_quota_how_large_how_full_and_until_when(
    team: Team, alice: Person, send: Send
) -> None:
    partner = ServiceAccountFactory(team=team, name="Acme", quota=1)
    limit(team, 3)
    listens(team, "house")
    send_as(partner, 1)
    for shade in (2, 3):
        send(alice, shade)
    starts = str(quotas.next_month(quotas.month_of(timezone.now())))
    assert quota_events() == [
        (REACHED, {"whose": "partner", "partner": "Acme", "key": None, "quota": 1, "used": 1,
                   "starts": starts}),
        (REACHED, {"whose": "team", "partner": None, "key": None, "quota": 3, "used": 3,
                   "starts": starts}),
    ]  # fmt: skip
    assert (
        "submission" not in json.loads(Event.objects.get(type=REACHED, service=None).body)["data"]
    )


def test_a_keys_quota_is_told_to_its_partner_and_to_those_who_run_the_team(
    team: Team, admin: Person, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    """With the key that sent; not to another partner. Its successor gets no second notice."""
    acme, other = (ServiceAccountFactory(team=team, name=name) for name in ("Acme", "Other"))
    listens(team, "acme", acme)
    listens(team, "other", other)
    key = issue_key(admin.actor, acme, "k", [Scope.SUBMISSIONS_WRITE]).key
    ApiKey.objects.update(quota=5)
    mailoutbox.clear()

    def sends(key: ApiKey, *shades: int) -> None:
        actor = actor_for_key(ApiKey.objects.get(pk=key.pk))
        for shade in shades:
            submit(actor, Team.objects.get(pk=team.pk), BytesIO(picture(shade)), "a.png")

    with django_capture_on_commit_callbacks(execute=True):
        sends(key, 1, 2, 3, 4)
    told_of = {"whose": "key", "partner": "Acme", "key": key.prefix, "quota": 5, "used": 4}
    starts = str(quotas.next_month(quotas.month_of(timezone.now())))
    assert quota_events() == [(NEARLY, {**told_of, "starts": starts})]
    assert quota_deliveries("acme") == {NEARLY: 1} and not quota_deliveries("other")
    (mail,) = mailoutbox
    sentence = (
        f"quota of the API key {key} of the partner Acme in the team Newsroom is nearly reached"
    )
    assert sentence in mail.body and mail.subject == "Newsroom: Monthly quota nearly reached"
    new = replace_key(admin.actor, key, overlap=timedelta(hours=1)).key
    sends(new, 5)
    assert quota_events()[1:] == [
        (REACHED, {**told_of, "key": new.prefix, "used": 5, "starts": starts})
    ]  # fmt: skip


def test_a_partner_hears_of_its_own_quota_and_of_the_teams_alone(
    team: Team, charlie: Person, alice: Person, send: Send
) -> None:
    """Not of another partner's; a closed one and another team hear nothing."""
    acme, other, closed = (ServiceAccountFactory(team=team, name=n) for n in ("a", "b", "c"))
    ServiceAccount.objects.filter(pk=acme.pk).update(quota=1)
    for name, one in (("house", None), ("acme", acme), ("other", other), ("closed", closed)):
        listens(team, name, one)
    listens(charlie.team, "charlie")
    limit(charlie.team, 100)
    ServiceAccount.objects.filter(pk=closed.pk).update(is_active=False)
    send_as(acme, 1)
    assert quota_deliveries("house") == quota_deliveries("acme") == {
        REACHED: 1
    } and not quota_deliveries("other")
    limit(team, 2)
    send(alice, 2)
    assert quota_deliveries("house") == quota_deliveries("acme") == {
        REACHED: 2
    } and quota_deliveries("other") == {REACHED: 1}
    assert not quota_deliveries("closed") and not quota_deliveries("charlie")


def test_without_a_quota_nothing_is_told_and_nothing_more_is_asked(
    team: Team, admin: Person, alice: Person, send: Send, mailoutbox: list[Any],
    django_assert_num_queries: Any, django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    listens(team, "house")
    submission = send(alice)
    with django_assert_num_queries(1), django_capture_on_commit_callbacks(execute=True):
        quotas.count(submission)
    assert not Event.objects.exists() and not mailoutbox
    assert MonthCount.objects.get().told_at is None


def test_a_changed_quota_tells_again(team: Team, alice: Person, send: Send) -> None:
    """Raised, lowered, or set in the middle of a month: at its own 80 % and 100 %."""
    listens(team, "house")
    steps: list[tuple[int | None, list[str]]] = [
        (None, []), (None, []), (None, []), (None, []), (6, [NEARLY]), (6, [REACHED]), (10, []),
        (10, [NEARLY]), (10, []), (10, [REACHED]), (12, [NEARLY]), (None, []), (13, [REACHED]),
    ]  # fmt: skip
    for shade, (quota, expected) in enumerate(steps):
        limit(team, quota)
        before = len(quota_events())
        send(alice, shade)
        assert [kind for kind, _ in quota_events()[before:]] == expected, f"step {shade}"


def test_each_month_tells_anew(team: Team, alice: Person, send: Send) -> None:
    limit(team, 1)
    listens(team, "house")
    earlier = quotas.month_of(timezone.now()).replace(year=2025)
    MonthCount.objects.create(team=team, month=earlier, used=1, quota=1, told_at=1)
    send(alice)
    assert quota_deliveries("house") == {REACHED: 1}


def test_a_submission_that_is_undone_tells_nothing(
    team: Team, admin: Person, alice: Person, send: Send, mailoutbox: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    """The next one tells."""
    limit(team, 1)
    listens(team, "house")
    commits = django_capture_on_commit_callbacks(execute=True)
    with commits, pytest.raises(ZeroDivisionError), transaction.atomic():
        send(alice, 1)
        raise ZeroDivisionError
    assert not quota_events() and not mailoutbox
    with django_capture_on_commit_callbacks(execute=True):
        send(alice, 1)
    assert quota_deliveries("house") == {REACHED: 1} and len(mailoutbox) == 1


def test_a_test_team_tells_nothing(
    team: Team, admin: Person, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    partner = ServiceAccountFactory(team=team)
    listens(team, "house")
    key = issue_key(admin.actor, partner, "t", [Scope.SUBMISSIONS_WRITE], test=True).key
    listens(key.service.team, "test")
    Team.objects.update(quota=1)
    ServiceAccount.objects.update(quota=1)
    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        test_team = Team.objects.get(pk=key.service.team_id)
        submit(actor_for_key(key), test_team, BytesIO(picture()), "a.png")
    assert not quota_events() and not mailoutbox


def test_those_who_run_the_team_get_an_email_in_their_language(
    team: Team, admin: Person, lead: Person, alice: Person, send: Send,
    mailoutbox: list[Any], django_capture_on_commit_callbacks: Any, settings: Any,
) -> None:  # fmt: skip
    """With a link to the page, and nobody's name or address in it."""
    settings.PUBLIC_URL = "https://touchstone.example"
    limit(team, 5)
    lead.user.language = "de"
    lead.user.save()
    for shade in range(5):
        with django_capture_on_commit_callbacks(execute=True):
            send(alice, shade)
    assert len(mailoutbox) == 4
    emails = {(one.to[0], n // 2): one for n, one in enumerate(mailoutbox)}
    english, german = emails[admin.user.email, 0], emails[lead.user.email, 1]
    assert english.subject == "Newsroom: Monthly quota nearly reached"
    assert "quota of the team Newsroom is nearly reached: 4 of 5 submissions" in english.body
    assert "A site administrator sets quotas." in english.body
    assert german.subject == "Newsroom: Monatskontingent erreicht"
    starts = quotas.next_month(quotas.month_of(timezone.now()))
    with translation.override("de"):
        assert f"bis {date_format(starts)}" in german.body
    for one in mailoutbox:
        assert f"https://touchstone.example/teams/{team.pk}/usage/" in one.body
        assert "@" not in one.body and str(alice.user) not in one.body


def test_the_events_are_chosen_in_the_readers_language(team: Team, admin: Person) -> None:
    admin.user.language = "de"
    admin.user.save()
    page = admin.client().get(f"/teams/{team.pk}/webhooks/new/").content.decode()
    assert "80 % eines Monatskontingents sind verbraucht" in page
    assert "Ein Monatskontingent ist erreicht" in page


def test_what_a_partner_missed_of_the_teams_quota_is_delivered_again(
    team: Team, admin: Person, alice: Person, send: Send
) -> None:
    """Of the team's quota, not of another partner's."""
    acme, other = (ServiceAccountFactory(team=team, name=n, quota=1) for n in ("a", "b"))
    for name, one in (("acme", acme), ("other", other)):
        listens(team, name, one)
    mine = Endpoint.objects.get(service=acme)
    Endpoint.objects.filter(pk=mine.pk).update(is_active=False, disabled_because="by_hand")
    limit(team, 2)
    send_as(other, 1)
    send(alice, 2)
    assert not quota_deliveries("acme") and quota_deliveries("other") == {REACHED: 2}
    on = endpoints.change(admin.actor, mine, is_active=True)
    since = timezone.now() - timedelta(hours=1)
    assert endpoints.deliver_range(admin.actor, on, since, timezone.now()) == 1
    assert quota_deliveries("acme") == {REACHED: 1}


def test_another_team_sees_neither_event_nor_email(
    team: Team, lead: Person, alice: Person, charlie: Person, send: Send, mailoutbox: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    limit(team, 1)
    listens(charlie.team, "charlie")
    with django_capture_on_commit_callbacks(execute=True):
        send(alice)
    assert not Event.objects.exists()
    assert [one.to for one in mailoutbox] == [[lead.user.email]]
