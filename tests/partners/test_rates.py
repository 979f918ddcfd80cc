"""A key, a partner and a team can have rates of their own; all others have the site's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test import Client

from accounts.models import ApiKey, Role, Scope, ServiceAccount, Team
from accounts.refusals import Refusal
from accounts.services.keys import issue_key
from accounts.services.rates import set_rates
from audit.models import Event
from media_analysis.partners.models import Allowance
from media_analysis.partners.throttling import CallerThrottle
from tests.factories import ServiceAccountFactory
from tests.partners.test_api import URL, problem
from tests.people import Person, member

pytestmark = pytest.mark.django_db


def program(service: ServiceAccount, **more: Any) -> Client:
    admin = member(service.team, Role.ADMIN)
    key = issue_key(admin.actor, service, "key", [Scope.SUBMISSIONS_READ], **more)
    client = Client(headers={"Authorization": f"Bearer {key.secret}"})
    client.key = key.key  # type: ignore[attr-defined]
    return client


def read(client: Client, times: int) -> list[int]:
    return [client.get(URL).status_code for _ in range(times)]


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CallerThrottle, "THROTTLE_RATES", {"read": "4/min", "write": "4/min"})


def test_the_keys_of_a_partner_share_its_rate(team: Team) -> None:
    """More than the site's, or less. Another partner keeps the site's."""
    acme = ServiceAccountFactory(team=team, read_rate=6)
    one, two, other = program(acme), program(acme), program(ServiceAccountFactory(team=team))
    assert read(one, 3) + read(two, 4) == [200] * 6 + [429]
    assert read(other, 5) == [200] * 4 + [429]
    answer = one.get(URL)
    problem(answer, 429, "throttled")
    assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == ("6", "0")
    assert 0 < int(answer["Retry-After"]) <= 61


def test_a_key_with_a_rate_of_its_own_counts_alone(team: Team) -> None:
    acme = ServiceAccountFactory(team=team, read_rate=2)
    own, shared = program(acme), program(acme)
    ApiKey.objects.filter(pk=own.key.pk).update(read_rate=3)  # type: ignore[attr-defined]
    assert read(own, 4) == [200] * 3 + [429]
    assert read(shared, 3) == [200] * 2 + [429]


def test_a_teams_rate_is_of_all_its_partners_together(team: Team, alice: Person) -> None:
    """People are not partners; the header names the limit that ends first."""
    Team.objects.update(read_rate=3)
    one, two = (program(ServiceAccountFactory(team=team)) for _ in range(2))
    first = one.get(URL)
    assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("3", "2")
    assert read(two, 3) == [200, 200, 429]
    assert read(alice.client(), 4) == [200] * 4


def test_what_a_partner_is_refused_uses_up_nothing_of_the_teams_rate(team: Team) -> None:
    Team.objects.update(read_rate=3)
    loud = program(ServiceAccountFactory(team=team, read_rate=1))
    quiet = program(ServiceAccountFactory(team=team))
    assert read(loud, 5) == [200] + [429] * 4
    assert read(quiet, 3) == [200, 200, 429]


def test_reading_and_sending_have_rates_apart(team: Team) -> None:
    one = program(ServiceAccountFactory(team=team, read_rate=1, write_rate=2))
    assert read(one, 2) == [200, 429]
    assert [one.post(URL).status_code for _ in range(3)] == [403, 403, 429]


def test_another_teams_rate_holds_nobody_up_here(team: Team, charlie: Person) -> None:
    Team.objects.filter(pk=charlie.team.pk).update(read_rate=1)
    theirs = program(ServiceAccountFactory(team=charlie.team))
    assert read(theirs, 2) == [200, 429]
    assert read(program(ServiceAccountFactory(team=team)), 4) == [200] * 4


def test_a_test_key_keeps_to_its_own_rate_and_not_to_the_teams(team: Team) -> None:
    Team.objects.filter(pk=team.pk).update(read_rate=1)
    key = program(ServiceAccountFactory(team=team), test=True)
    assert read(key, 5) == [200] * 4 + [429]
    ApiKey.objects.update(read_rate=2)
    assert read(key, 3) == [200, 200, 429]


def test_a_minute_later_the_rate_begins_anew(team: Team) -> None:
    Team.objects.update(read_rate=1)
    one = program(ServiceAccountFactory(team=team))
    assert read(one, 2) == [200, 429]
    Allowance.objects.update(since=Now() - timedelta(seconds=61))
    assert read(one, 2) == [200, 429]


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_a_team_gets_exactly_its_rate(team: Team) -> None:
    Team.objects.update(read_rate=7)
    clients = [program(ServiceAccountFactory(team=team, read_rate=9)) for _ in range(3)]

    def ask(n: int) -> int:
        try:
            return clients[n % 3].get(URL).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(24))) == [200] * 7 + [429] * 17


def test_only_a_site_administrator_sets_rates(
    team: Team, site_admin: Person, admin: Person
) -> None:
    """On record; the database refuses what is out of range."""
    service = ServiceAccountFactory(team=team)
    key = program(service, test=True).key  # type: ignore[attr-defined]
    owners: list[Any] = [team, service, key]
    five = {"read_rate": 5, "write_rate": None}
    for of in owners:
        with pytest.raises(Refusal, match="Only a site administrator"):
            set_rates(admin.actor, of, {"read_rate": 9, "write_rate": 9})
        assert set_rates(site_admin.actor, of, five) is True
        assert set_rates(site_admin.actor, of, five) is False
        with pytest.raises(Refusal, match="from 1 to"):
            set_rates(site_admin.actor, of, {"read_rate": 5, "write_rate": 0})
        with pytest.raises(IntegrityError), transaction.atomic():
            type(of)._default_manager.filter(pk=of.pk).update(write_rate=0)
    events = list(Event.objects.filter(verb="team.rates_changed"))
    assert [event.content["object"]["type"] for event in events] == ["team", "service", "key"]
    assert events[0].content["data"] == {
        "from": {"read": None, "write": None}, "to": {"read": 5, "write": None},
    }  # fmt: skip
    assert len({event.chain for event in events}) == 1


def test_the_page_of_limits_sets_the_rates_of_partners_and_working_keys(
    team: Team, site_admin: Person
) -> None:
    acme = ServiceAccountFactory(team=team, name="Acme")
    key = program(acme).key  # type: ignore[attr-defined]
    page = f"/teams/{team.pk}/weights/"
    form = {
        "team_weight": 1, "team_read_rate": 1000, f"partner_{acme.pk.hex}_write_rate": 20,
        f"key_{key.pk.hex}_read_rate": 30,
    }  # fmt: skip
    assert site_admin.client().post(page, form).status_code == 302
    assert Team.objects.get(pk=team.pk).read_rate == 1000
    assert ServiceAccount.objects.get(pk=acme.pk).write_rate == 20
    assert ApiKey.objects.get(pk=key.pk).read_rate == 30
    html = site_admin.client().get(page).content.decode()
    assert f"Key {key}" in html and 'value="30"' in html
    assert site_admin.client().post(page, {**form, "team_read_rate": 0}).status_code == 422
    ApiKey.objects.update(revoked_at=Now())
    assert f"Key {key}" not in site_admin.client().get(page).content.decode()
