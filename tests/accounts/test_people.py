"""Closing and erasing an account."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.actors import Actor, actor_for_user
from accounts.models import Invitation, Membership, Role, User
from accounts.refusals import Refusal
from accounts.services.invitations import invite
from accounts.services.people import deactivate, erase, reactivate
from accounts.services.teams import change_role
from audit.models import Event
from tests.accounts.conftest import People, is_logged_in, log_in
from tests.accounts.test_secrets import everything_in_the_database
from tests.factories import PASSWORD
from tests.refusals import forbids


@pytest.fixture
def root(site_admin: User) -> Actor:
    return actor_for_user(site_admin, via="password")


def test_closed_and_opened(people: People, root: Actor) -> None:
    """Out at once; back with the same password."""
    deactivate(root, people.bob)
    client = Client()
    log_in(client, "bob@example.org", PASSWORD)
    assert not is_logged_in(client)
    reactivate(root, people.bob)
    log_in(client, "bob@example.org", PASSWORD)
    assert is_logged_in(client)


def test_only_a_site_administrator_closes_accounts(people: People) -> None:
    """Alice runs a team; other people's accounts are not hers."""
    for verb in (deactivate, reactivate, erase):
        with forbids():
            verb(people.actor(people.alice), people.bob)


def test_a_teams_last_lead_is_not_closed(people: People, root: Actor) -> None:
    """The team would be left alone; the sentence says what to do first."""
    with pytest.raises(Refusal, match="Make somebody else a lead first"):
        deactivate(root, people.alice)
    with pytest.raises(Refusal, match="Make somebody else a lead first"):
        erase(root, people.alice)
    change_role(people.actor(people.alice), people.team, people.bob, Role.LEAD)
    deactivate(root, people.alice)


def test_erased_means_gone_from_every_row(people: People, root: Actor) -> None:
    """Name and address stand nowhere any more, the events stay, nobody can come back as him."""
    client = Client()
    log_in(client, "bob@example.org", PASSWORD)
    invite(people.actor(people.charlie), people.other_team, "bob@example.org", Role.VIEWER)
    before = Event.objects.count()
    erase(root, people.bob, why="asked for it")
    everything = everything_in_the_database()
    assert "bob@example.org" not in everything
    assert "Bob" not in everything
    assert str(people.bob.pk) in everything
    assert Event.objects.count() == before + 2
    assert not Membership.objects.filter(user=people.bob).exists()
    assert not is_logged_in(client)
    with pytest.raises(Refusal, match="erased"):
        reactivate(root, User.objects.get(pk=people.bob.pk))
    assert not Invitation.objects.exists()


def test_the_administration_shows_and_acts_but_edits_nothing(
    people: People, site_admin: User
) -> None:
    """Lists open, forms do not save, actions run the audited verbs; no hash is shown."""
    client = Client()
    client.force_login(site_admin)
    for page in ("user", "team", "invitation", "serviceaccount", "apikey", "session"):
        assert client.get(f"/admin/accounts/{page}/").status_code == 200
        assert client.get(f"/admin/accounts/{page}/add/").status_code == 403
    path = f"/admin/accounts/user/{people.bob.pk}/change/"
    assert people.bob.password not in client.get(path).content.decode()
    assert client.post(path, {"email": "evil@example.org"}).status_code == 403
    client.post(
        "/admin/accounts/user/", {"action": "close", "_selected_action": [str(people.bob.pk)]}
    )
    people.bob.refresh_from_db()
    assert not people.bob.is_active
    assert Event.objects.filter(verb="user.deactivated").count() == 1
