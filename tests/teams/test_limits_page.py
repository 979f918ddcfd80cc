"""Two site administrators set limits at once: neither overwrites unseen what the other set."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from accounts.models import ServiceAccount, Team
from accounts.refusals import Refusal
from accounts.services.quotas import set_quota
from accounts.services.rates import set_rates
from accounts.services.weights import set_weight
from audit.models import Event
from tests.factories import ServiceAccountFactory
from tests.people import Person

FIELD = re.compile(r'<input type="(?:number|hidden)" name="([^"]+)"(?: value="([^"]*)")?')


@pytest.fixture
def acme(team: Team) -> ServiceAccount:
    return ServiceAccountFactory(team=team, name="Acme", quota=100)


def opened(who: Person, team: Team) -> tuple[Any, dict[str, str]]:
    """The client, and the form as the page gives it."""
    client = who.client()
    page = client.get(f"/teams/{team.pk}/weights/").content.decode()
    return client, {name: html.unescape(value) for name, value in FIELD.findall(page)}


def test_what_somebody_else_set_meanwhile_is_not_overwritten_unseen(
    team: Team, acme: ServiceAccount, site_admin: Person
) -> None:
    """The page says what stands now, nothing is saved, and saving again replaces it."""
    page, quota = f"/teams/{team.pk}/weights/", f"partner_{acme.pk.hex}_quota"
    client, form = opened(site_admin, team)
    set_quota(site_admin.actor, acme, 500)
    answer = client.post(page, {**form, quota: "50", "team_weight": "3"})
    text = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "Somebody else set this to 500 in the meantime. Nothing was saved." in text
    acme.refresh_from_db()
    team.refresh_from_db()
    assert (acme.quota, team.weight) == (500, 1)
    again = {name: html.unescape(value) for name, value in FIELD.findall(text)}
    assert (again[quota], again["team_weight"]) == ("50", "3"), "what was typed stays"
    assert client.post(page, again).status_code == 302
    acme.refresh_from_db()
    assert acme.quota == 50


def test_what_nobody_touched_is_not_written(
    team: Team, acme: ServiceAccount, site_admin: Person
) -> None:
    """A form that lay open keeps out of numbers that somebody else changed, of a partner that was
    added since, and of a rate beside the one that was typed."""
    page, name = f"/teams/{team.pk}/weights/", f"partner_{acme.pk.hex}"
    client, form = opened(site_admin, team)
    set_quota(site_admin.actor, acme, None)
    set_weight(site_admin.actor, acme, 4)
    set_rates(site_admin.actor, acme, {"read_rate": 70})
    later = ServiceAccountFactory(team=team, name="Later", quota=7, weight=2)
    assert client.post(page, {**form, f"{name}_write_rate": "20"}).status_code == 302
    acme.refresh_from_db()
    later.refresh_from_db()
    assert (acme.quota, acme.weight, acme.read_rate, acme.write_rate) == (None, 4, 70, 20)
    assert (later.quota, later.weight) == (7, 2)
    event = Event.objects.filter(verb="team.rates_changed").last()
    assert event is not None
    assert event.content["data"] == {"from": {"write": None}, "to": {"write": 20}}


def test_a_limit_that_was_emptied_meanwhile_says_so(
    team: Team, acme: ServiceAccount, site_admin: Person
) -> None:
    client, form = opened(site_admin, team)
    set_quota(site_admin.actor, acme, None)
    wanted = {**form, f"partner_{acme.pk.hex}_quota": "50"}
    page = client.post(f"/teams/{team.pk}/weights/", wanted).content.decode()
    assert "Somebody else emptied this in the meantime." in html.unescape(page)
    assert ServiceAccount.objects.get(pk=acme.pk).quota is None


def test_the_same_number_from_two_people_is_no_conflict(
    team: Team, acme: ServiceAccount, site_admin: Person
) -> None:
    client, form = opened(site_admin, team)
    set_quota(site_admin.actor, acme, 50)
    wanted = {**form, f"partner_{acme.pk.hex}_quota": "50"}
    assert client.post(f"/teams/{team.pk}/weights/", wanted).status_code == 302


def test_the_comparison_is_made_under_the_lock(acme: ServiceAccount, site_admin: Person) -> None:
    with pytest.raises(Refusal, match="set this to 100"):
        set_quota(site_admin.actor, acme, 1, opened={"quota": 99})
    assert set_quota(site_admin.actor, acme, 1, opened={"quota": 100}) is True
