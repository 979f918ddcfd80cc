"""A site administrator reaches a team's media only as its member, and its leads are notified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from accounts.actors import SHELL_ACTOR, Actor, actor_for_user
from accounts.models import ApiKey, Role, Scope, User
from accounts.services.invitations import invite
from accounts.services.keys import (
    create_service_account,
    disable_service_account,
    issue_key,
    revoke_key,
)
from accounts.services.teams import add_member, change_role
from audit.models import Event
from tests.accounts.conftest import People
from tests.factories import MembershipFactory, ServiceAccountFactory
from tests.refusals import forbids

Letters = Callable[[Callable[[], object]], list[tuple[str, str]]]


@pytest.fixture
def root(site_admin: User) -> Actor:
    return actor_for_user(site_admin, via="password")


@pytest.fixture
def letters(django_capture_on_commit_callbacks: Any) -> Letters:
    """What is mailed by what is done."""

    def _letters(do: Callable[[], object]) -> list[tuple[str, str]]:
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            do()
        return [(letter.to[0], str(letter.body)) for letter in mail.outbox]

    return _letters


def test_a_site_administrator_makes_no_key_for_a_team(people: People, root: Actor) -> None:
    """Neither a service account nor a key, in anybody's team; the shell neither."""
    service = ServiceAccountFactory(team=people.team)
    for actor in (root, SHELL_ACTOR):
        with forbids():
            create_service_account(actor, people.team, "Mine")
        with forbids():
            issue_key(actor, service, "mine", [Scope.SUBMISSIONS_READ])
    assert not ApiKey.objects.exists()


def test_a_site_administrator_can_end_a_key(people: People, root: Actor) -> None:
    """A leaked key is revoked by whoever is awake."""
    alice = people.actor(people.alice)
    service = create_service_account(alice, people.team, "Agency")
    key = issue_key(alice, service, "one", [Scope.SUBMISSIONS_READ]).key
    revoke_key(root, key)
    disable_service_account(root, service)
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_the_page_of_keys_offers_him_only_to_end_them(
    client: Client, people: People, root: Actor, site_admin: User
) -> None:
    """He sees them and is not led to where he is refused."""
    alice = people.actor(people.alice)
    issue_key(alice, create_service_account(alice, people.team, "Agency"), "one", list(Scope))
    client.force_login(site_admin, "allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(f"/teams/{people.team.pk}/partners/").content.decode()
    assert "Revoke" in page and "New key" not in page and "Add a service account" not in page


def test_his_membership_is_an_event_and_a_letter(
    people: People,
    root: Actor,
    site_admin: User,
    letters: Letters,
) -> None:
    """By the page or by the shell: who runs the team hears who let whom in, and as what."""
    before = Event.objects.filter(verb="member.joined").count()
    emails = letters(lambda: add_member(root, people.team, site_admin, Role.ADMIN))
    assert [to for to, _ in emails] == ["alice@example.org"]
    assert "a site administrator." in emails[0][1] and "Role: Admin." in emails[0][1]
    assert Event.objects.filter(verb="member.joined").count() == before + 1
    invited = letters(lambda: invite(root, people.other_team, "root2@example.org", Role.ADMIN))
    assert ("charlie@example.org" in [to for to, _ in invited]) and len(invited) == 2


def test_a_role_changed_from_outside_is_a_letter(
    people: People, root: Actor, letters: Letters
) -> None:
    """Bob is made an admin by somebody who does not belong to the team."""
    emails = letters(lambda: change_role(root, people.team, people.bob, Role.ADMIN))
    assert (
        "alice@example.org" in [to for to, _ in emails]
    ) and "from Moderator to Admin" in emails[0][1]


def test_what_the_team_does_itself_is_no_letter(people: People, letters: Letters) -> None:
    """Alice changes Bob's role: the page and the record say so."""
    alice = people.actor(people.alice)
    assert letters(lambda: change_role(alice, people.team, people.bob, Role.LEAD)) == []


def test_a_new_key_is_told_to_the_others_who_run_the_team(people: People, letters: Letters) -> None:
    """Also one that an admin made, for a stolen session makes keys too; never the key itself."""
    MembershipFactory(team=people.team, role=Role.LEAD, user__email="lea@example.org")
    alice = people.actor(people.alice)
    service = create_service_account(alice, people.team, "Agency")
    secret: list[str] = []
    emails = letters(
        lambda: secret.append(issue_key(alice, service, "x", [Scope.SUBMISSIONS_READ]).secret)
    )
    assert [to for to, _ in emails] == ["lea@example.org"]
    assert "Agency" in emails[0][1] and "submissions:read" in emails[0][1]
    assert secret[0] not in emails[0][1]


def test_the_members_page_says_who_is_a_site_administrator(
    client: Client, people: People, root: Actor, site_admin: User
) -> None:
    """Alice sees it beside the name."""
    add_member(root, people.team, site_admin, Role.VIEWER)
    client.force_login(people.alice, "allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(f"/teams/{people.team.pk}/").content.decode()
    assert "site administrator" in page


def test_scopes_that_opened_nothing_leave_keys_that_are_there(people: People) -> None:
    """The migration's statement, on keys as they were before it."""
    from importlib import import_module

    statement = import_module("accounts.migrations.0004_access").DROP_SCOPES
    service = ServiceAccountFactory(team=people.team)

    def key(name: str, *scopes: str) -> ApiKey:
        return ApiKey.objects.create(
            service=service, name=name, prefix="tsk_", key_sha256=name * 64, scopes=list(scopes)
        )

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_apikey DROP CONSTRAINT api_key_scopes_are_known")
        both = key("a", "submissions:write", "reports:read", "submissions:read")
        nothing = key("b", "media:read", "webhooks:manage")
        kept = key("c", "submissions:read")
        cursor.execute(statement)
    for one in (both, nothing, kept):
        one.refresh_from_db()
    assert both.scopes == ["submissions:write", "submissions:read"] and both.revoked_at is None
    assert nothing.scopes == [] and nothing.revoked_at is not None
    assert kept.scopes == ["submissions:read"] and kept.revoked_at is None
