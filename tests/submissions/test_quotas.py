"""A quota of K submissions per month takes exactly K, and a refusal leaves nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.actors import Actor, actor_for_key
from accounts.models import Role, Scope, ServiceAccount, Team
from accounts.refusals import Refusal
from accounts.services.keys import issue_key
from accounts.services.quotas import set_quota
from audit.models import Event
from blobs.models import Blob
from blobs.scrubbing import orphans
from media_analysis.submissions.models import MonthCount, Submission
from media_analysis.submissions.services import quotas
from media_analysis.submissions.services.intake import submit
from ml.models import Analysis
from tests.factories import MembershipFactory, ServiceAccountFactory, TeamFactory
from tests.partners.test_errors_listed import erase
from tests.people import Person, Send, member, picture


def key_actor(service: ServiceAccount) -> Actor:
    admin = member(service.team, Role.ADMIN)
    return actor_for_key(issue_key(admin.actor, service, "k", [Scope.SUBMISSIONS_WRITE]).key)


def used() -> dict[Any, int]:
    return dict(MonthCount.objects.values_list("service", "used"))


class Meanwhile(BytesIO):
    """A file during whose upload something else happens."""

    def __init__(self, body: bytes, happens: Callable[[], Any]) -> None:
        super().__init__(body)
        self.happens = happens

    def read(self, size: int | None = -1) -> bytes:
        self.happens()
        return super().read(size)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(3))
def test_of_many_at_once_exactly_the_quota_is_taken(seed: int) -> None:
    """People and two partners with quotas of their own send side by side, some the same bytes."""
    chance = random.Random(seed)
    team = TeamFactory(name="Newsroom", quota=9)
    person = MembershipFactory(team=team, role=Role.MODERATOR).user
    one, two = (ServiceAccountFactory(team=team, name=n, quota=q) for n, q in (("a", 4), ("b", 3)))
    senders = {"a": key_actor(one), "b": key_actor(two), "p": Person(person, team).actor}
    turns = [(who, chance.randrange(40)) for who in senders for _ in range(12)]
    chance.shuffle(turns)

    def sends(turn: tuple[str, int]) -> str:
        who, shade = turn
        try:
            submit(senders[who], Team.objects.get(), BytesIO(picture(shade)), f"{shade}.png")
        except Refusal as refusal:
            return f"{who}:{refusal.code}:{refusal.data.get('whose')}"
        finally:
            connection.close()
        return f"{who}:taken"

    with ThreadPoolExecutor(12) as pool:
        ends = Counter(pool.map(sends, turns))
    ends = Counter({end: n for end, n in ends.items() if not end.endswith(":gone:None")})
    taken = {who: ends[f"{who}:taken"] for who in senders}
    assert sum(taken.values()) == 9 == Submission.objects.count() == Analysis.objects.count()
    assert taken["a"] <= 4 and taken["b"] <= 3
    of_each: dict[Any, int] = {None: 9, one.pk: taken["a"], two.pk: taken["b"]}
    assert used() == {owner: count for owner, count in of_each.items() if count}
    assert set(ends) <= {f"{w}:taken" for w in senders} | {
        f"{w}:quota_reached:{of}" for w in senders for of in ("team", "partner")
    }
    assert Blob.objects.count() == Submission.objects.values("blob").distinct().count()


def test_the_refusal_says_whose_quota_how_large_and_when_it_starts_anew(
    team: Team, alice: Person, send: Send
) -> None:
    team.quota = 1
    team.save()
    send(alice, 1)
    with pytest.raises(Refusal) as refused:
        send(alice, 2)
    now = timezone.now()
    starts = quotas.next_month(quotas.month_of(now))
    refusal = refused.value
    assert (refusal.code, refusal.status) == ("quota_reached", 429)
    assert refusal.data == {"whose": "team", "quota": 1, "starts": starts.isoformat()}
    assert "quota of the team is reached: 1" in refusal.sentence and str(starts) in refusal.sentence
    until = (datetime(starts.year, starts.month, 1, tzinfo=UTC) - now).total_seconds()
    assert refusal.wait == pytest.approx(until, abs=5)


@pytest.mark.django_db(transaction=True)
def test_a_quota_reached_during_the_upload_leaves_nothing(alice: Person, bob: Person) -> None:
    """Neither bytes nor rows; bytes that others sent before stay."""

    def full() -> None:
        Team.objects.filter(pk=alice.team.pk).update(quota=1)

    submit(bob.actor, bob.team, BytesIO(picture(1)), "first.png")
    events = Event.objects.count()
    for shade in (1, 2):
        with pytest.raises(Refusal, match="is reached: 1"):
            submit(alice.actor, alice.team, Meanwhile(picture(shade), full), "x.png")
        alice.team.quota = None
    assert Submission.objects.count() == Blob.objects.count() == Analysis.objects.count() == 1
    assert (Event.objects.count(), used()) == (events, {None: 1})
    assert not list(orphans())
    Team.objects.filter(pk=alice.team.pk).update(quota=2)
    submit(alice.actor, alice.team, BytesIO(picture(2)), "x.png")


def test_a_partners_quota_stops_it_alone(team: Team, alice: Person, send: Send) -> None:
    service = ServiceAccountFactory(team=team, quota=1)
    actor = key_actor(service)
    submit(actor, team, BytesIO(picture(1)), "a.png")
    with pytest.raises(Refusal, match="quota of the partner"):
        submit(actor, team, BytesIO(picture(2)), "a.png")
    send(alice, 3)
    assert used() == {None: 2, service.pk: 1}


def test_what_another_team_sends_is_not_counted_here(
    team: Team, alice: Person, charlie: Person, send: Send
) -> None:
    for sender in (alice, charlie):
        sender.team.quota = 1
        sender.team.save()
        send(sender)
    assert list(MonthCount.objects.values_list("used", flat=True)) == [1, 1]


def test_a_quota_of_zero_takes_nothing_and_none_takes_all(
    team: Team, alice: Person, send: Send
) -> None:
    team.quota = 0
    team.save()
    with pytest.raises(Refusal, match="is reached: 0"):
        send(alice)
    team.quota = None
    team.save()
    send(alice)
    assert list(MonthCount.objects.values_list("used", "quota")) == [(1, None)]


def test_each_month_begins_at_nothing(team: Team, alice: Person, send: Send) -> None:
    team.quota = 1
    team.save()
    earlier = quotas.month_of(timezone.now()).replace(year=2025)
    MonthCount.objects.create(team=team, month=earlier, used=1, quota=1)
    send(alice, 1)
    with pytest.raises(Refusal):
        send(alice, 2)
    assert quotas.next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    assert quotas.next_month(date(2027, 1, 1)) == date(2027, 2, 1)


def test_an_erased_submission_stays_counted(team: Team, alice: Person, send: Send) -> None:
    team.quota = 1
    team.save()
    erase(send(alice, 1))
    with pytest.raises(Refusal):
        send(alice, 2)


def test_a_test_key_uses_up_nothing(team: Team, admin: Person) -> None:
    service = ServiceAccountFactory(team=team, quota=0)
    team.quota = 0
    team.save()
    key = issue_key(admin.actor, service, "t", [Scope.SUBMISSIONS_WRITE], test=True).key
    submit(actor_for_key(key), key.service.team, BytesIO(picture()), "a.png")
    assert not MonthCount.objects.exists()


def test_only_a_site_administrator_sets_a_quota(
    team: Team, site_admin: Person, admin: Person
) -> None:
    """On record, once; the database refuses what is out of range."""
    service = ServiceAccountFactory(team=team)
    for of in (team, service):
        with pytest.raises(Refusal, match="Only a site administrator"):
            set_quota(admin.actor, of, 9)
        assert set_quota(site_admin.actor, of, 5) is True
        assert set_quota(site_admin.actor, of, 5) is False
        assert type(of)._default_manager.get(pk=of.pk).quota == 5
        for wrong in (-1, 1_000_000_001):
            with pytest.raises(Refusal, match="from 0 to"):
                set_quota(site_admin.actor, of, wrong)
            with pytest.raises(IntegrityError), transaction.atomic():
                type(of)._default_manager.filter(pk=of.pk).update(quota=wrong)
    events = Event.objects.filter(verb="team.quota_changed")
    assert [event.content["data"] for event in events] == [{"from": None, "to": 5}] * 2
    assert [event.content["object"]["type"] for event in events] == ["team", "service"]


def test_the_page_of_limits_sets_quotas_beside_weights(
    team: Team, site_admin: Person, admin: Person
) -> None:
    service = ServiceAccountFactory(team=team, name="Acme")
    page, field = f"/teams/{team.pk}/weights/", f"partner_{service.pk.hex}"
    form = {"team_weight": 1, "team_quota": 1000, f"{field}_quota": 100}
    assert site_admin.client().post(page, form).status_code == 302
    assert Team.objects.get(pk=team.pk).quota == 1000
    assert ServiceAccount.objects.get(pk=service.pk).quota == 100
    assert b'value="1000"' in site_admin.client().get(page).content
    emptied = {"team_weight": 1, "team_quota": ""}
    assert site_admin.client().post(page, emptied).status_code == 302
    assert Team.objects.get(pk=team.pk).quota is None
    assert site_admin.client().post(page, {**form, "team_quota": -1}).status_code == 422
    assert admin.client().post(page, form).status_code == 403


def test_the_shell_lists_and_sets_quotas(team: Team) -> None:
    ServiceAccountFactory(team=team, name="Acme")
    out = StringIO()
    call_command("quotas", "set", "newsroom", "1000", stdout=out)
    call_command("quotas", "set", "Newsroom", "acme", "10", stdout=out)
    call_command("quotas", "set", "Newsroom", "acme", "none", stdout=out)
    call_command("quotas", "list", stdout=out)
    assert out.getvalue().endswith("Newsroom: 1000\n  Acme: none\n")
    for wrong in (["nobody", "2"], ["Newsroom", "two"], ["Newsroom", "-1"], ["Newsroom"]):
        with pytest.raises(CommandError):
            call_command("quotas", "set", *wrong)
