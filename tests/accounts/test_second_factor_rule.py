"""A team's rule that its members sign in with a second factor."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from accounts.models import Scope, Team
from accounts.refusals import Refusal
from accounts.services import second_factor
from accounts.services.keys import issue_key
from audit.models import Event
from media_analysis.partners.bodies import problem
from tests.accounts.conftest import People, log_in
from tests.factories import PASSWORD, ServiceAccountFactory

SETUP = "/accounts/second-factor/"


@pytest.fixture
def alice_has_one(people: People) -> People:
    TOTP.activate(people.alice, generate_totp_secret())
    return people


def signed_in(email: str) -> Client:
    client = Client()
    log_in(client, email, PASSWORD)
    return client


def team_page(people: People) -> str:
    return f"/teams/{people.team.pk}/sign-in/"


def test_whoever_has_none_is_led_to_set_one_up_and_then_let_in(alice_has_one: People) -> None:
    """Pages, REST and our own scripts are closed at once; the pages of the account stay open."""
    people = alice_has_one
    bob = signed_in("bob@example.org")
    assert bob.get("/").status_code == 200
    second_factor.require_one(people.actor(people.alice), people.team, 0)
    led = bob.get("/?state=done")
    assert led.status_code == 302 and led["Location"] == f"{SETUP}?next=%2F%3Fstate%3Ddone"
    page = bob.get(led["Location"]).content.decode()
    assert "Newsroom" in page and "/accounts/2fa/totp/activate/" in page
    assert bob.post("/submit/").status_code in (302, 404)
    rest = bob.get("/api/v1/submissions/")
    assert (rest.status_code, rest.json()["code"]) == (403, "second_factor_needed")
    assert rest.json()["type"] == problem(403, "second_factor_needed", "")["type"]
    script = bob.get("/", headers={"Accept": "application/json"})
    assert (script.status_code, script.json()["code"]) == (403, "second_factor_needed")
    assert bob.get("/accounts/2fa/").status_code == 200
    assert signed_in("charlie@example.org").get("/").status_code == 200
    TOTP.activate(people.bob, generate_totp_secret())
    assert bob.get("/").status_code == 200
    assert bob.get(f"{SETUP}?next=/dashboard/")["Location"] == "/dashboard/"


def test_somebody_who_signs_in_later_is_led_there_too(alice_has_one: People) -> None:
    """With the password alone; recovery codes alone are no second factor."""
    people = alice_has_one
    second_factor.require_one(people.actor(people.alice), people.team, 0)
    RecoveryCodes.activate(people.bob)
    assert signed_in("bob@example.org").get("/")["Location"].startswith(SETUP)


def test_until_the_grace_time_ends_there_is_a_notice(alice_has_one: People) -> None:
    people = alice_has_one
    second_factor.require_one(people.actor(people.alice), people.team, 7)
    bob = signed_in("bob@example.org")
    page = bob.get("/")
    assert page.status_code == 200 and SETUP in page.content.decode()
    assert "soon" in bob.get(SETUP).content.decode()
    past = timezone.now() - timedelta(seconds=1)
    Team.objects.filter(pk=people.team.pk).update(second_factor_from=past)
    assert bob.get("/")["Location"].startswith(SETUP)


def test_keys_are_not_asked(alice_has_one: People) -> None:
    people = alice_has_one
    alice = people.actor(people.alice)
    service = ServiceAccountFactory(team=people.team)
    key = issue_key(alice, service, "k", [Scope.SUBMISSIONS_READ]).secret
    second_factor.require_one(alice, people.team, 0)
    client = Client(headers={"Authorization": f"Bearer {key}"})
    assert client.get("/api/v1/submissions/").status_code == 200
    bob = signed_in("bob@example.org")
    beside = {"Authorization": "Basic eA=="}
    assert bob.get("/api/v1/submissions/", headers=beside).status_code == 403


def test_an_admin_sets_and_lifts_the_rule_on_the_page(
    alice_has_one: People, client: Client, mailoutbox: list[EmailMessage]
) -> None:
    """It lists who has none, and both steps are on record."""
    people = alice_has_one
    client.force_login(people.alice)
    page = client.get(team_page(people)).content.decode()
    assert "Bob" in page.split("without a second factor:")[1]
    assert client.post(f"{team_page(people)}second-factor/", {"days": "8"}).status_code == 422
    done = client.post(f"{team_page(people)}second-factor/", {"days": "14"}, follow=True)
    assert "The rule applies from" in done.content.decode()
    starts = Team.objects.get(pk=people.team.pk).second_factor_from
    assert starts is not None
    left = starts - timezone.now()
    assert timedelta(days=13) < left < timedelta(days=14)
    done = client.post(f"{team_page(people)}second-factor/", {"step": "lift"}, follow=True)
    assert "Require a second factor" in done.content.decode()
    payloads = [bytes(e.payload).decode() for e in Event.objects.filter(verb="team.changed")]
    assert len(payloads) == 2 and all("second_factor_from" in one for one in payloads)


def test_an_admin_without_one_asks_it_of_nobody(people: People) -> None:
    with pytest.raises(Refusal) as refused:
        second_factor.require_one(people.actor(people.alice), people.team, 0)
    assert refused.value.code == "second_factor_first"


def test_others_set_no_rule(alice_has_one: People) -> None:
    people = alice_has_one
    for person in (people.bob, people.charlie):
        for verb in (
            lambda who: second_factor.require_one(who, people.team, 0),
            lambda who: second_factor.lift(who, people.team),
        ):
            with pytest.raises(Refusal) as refused:
                verb(people.actor(person))
            assert refused.value.code == "not_allowed"
