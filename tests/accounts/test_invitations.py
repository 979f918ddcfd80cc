"""An invitation lets one mailbox into one team, once."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.actors import ANONYMOUS, SHELL_ACTOR, actor_for_user
from accounts.models import Invitation, Membership, Role, User
from accounts.refusals import Refusal
from accounts.services import invitations
from accounts.services.invitations import Invited, accept, accept_as_new_person, invite, withdraw
from audit.models import Event
from tests.accounts.conftest import People, is_logged_in, log_in
from tests.factories import PASSWORD, TeamFactory, UserFactory
from tests.refusals import forbids

NEW_PASSWORD = "marble otter violin sunday"


def token_of(invited: Invited) -> str:
    return invited.link.rstrip("/").rsplit("/", 1)[1]


@pytest.fixture
def invited(people: People) -> Invited:
    return invite(people.actor(people.alice), people.team, "Dora@Example.org", Role.MODERATOR)


def test_the_mail_says_who_where_and_how_long(
    people: People, django_capture_on_commit_callbacks: Any
) -> None:
    """The text names inviter, team, role, the one address and the link; nothing else has it."""
    with django_capture_on_commit_callbacks(execute=True):
        invited = invite(people.actor(people.alice), people.team, "dora@example.org", Role.LEAD)
    (letter,) = mail.outbox
    assert letter.to == ["dora@example.org"]
    assert "Newsroom" in letter.subject
    for part in ("Alice", "Newsroom", "Lead", "7 days", "dora@example.org"):
        assert part in letter.body
    assert "/accounts/invitation/" in letter.body and invited.link not in letter.body


def test_only_a_hash_of_the_token_is_kept(invited: Invited) -> None:
    """The row and the event hold nothing that opens the invitation."""
    row = Invitation.objects.values().get()
    assert token_of(invited) not in str(row)
    assert all(token_of(invited) not in bytes(e.payload).decode() for e in Event.objects.all())


def test_a_new_person_joins(client: Client, invited: Invited) -> None:
    """The link shows who asks; with a name and a password Dora is in, logged in, and recorded."""
    path = f"/accounts/invitation/{token_of(invited)}/"
    page = client.get(path).content.decode()
    assert "Newsroom" in page and "Alice" in page and "dora@example.org" in page
    answer = client.post(
        path, {"name": "Dora", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    )
    assert answer.status_code == 302, answer.content.decode()
    dora = User.objects.get(email="dora@example.org")
    assert Membership.objects.get(user=dora).role == Role.MODERATOR
    assert is_logged_in(client)
    about_dora = Event.objects.filter(object_id=str(dora.pk)).values_list("verb", flat=True)
    assert sorted(about_dora) == ["login.succeeded", "member.joined", "user.created"]


def test_a_weak_password_does_not_use_the_invitation_up(client: Client, invited: Invited) -> None:
    """A refused form leaves the link usable and no half-made account."""
    path = f"/accounts/invitation/{token_of(invited)}/"
    for weak in ("short", "passwordpassword", "dora@example.org"):
        page = client.post(path, {"name": "Dora", "password1": weak, "password2": weak})
        assert page.status_code == 200
    page = client.post(path, {"name": "D", "password1": NEW_PASSWORD, "password2": "x" * 20})
    assert "differ" in page.content.decode()
    assert not User.objects.filter(email="dora@example.org").exists()
    assert Invitation.objects.open().count() == 1


def test_somebody_with_an_account_logs_in_and_joins(client: Client, people: People) -> None:
    """No second account: the page leads to the login and back."""
    invited = invite(people.actor(people.alice), people.team, "charlie@example.org", Role.VIEWER)
    path = f"/accounts/invitation/{token_of(invited)}/"
    assert f"/accounts/login/?next={path}" in client.get(path).content.decode()
    log_in(client, "charlie@example.org", PASSWORD)
    assert "Join the team" in client.get(path).content.decode()
    assert client.post(path).status_code == 302
    assert Membership.objects.get(user=people.charlie, team=people.team).role == Role.VIEWER


def test_an_invitation_works_only_for_its_address(
    client: Client, people: People, invited: Invited
) -> None:
    """Charlie found Dora's link; it does not let him in, and stays Dora's."""
    with pytest.raises(Refusal, match="sent to another address"):
        accept(people.actor(people.charlie), token_of(invited))
    log_in(client, "charlie@example.org", PASSWORD)
    path = f"/accounts/invitation/{token_of(invited)}/"
    assert "an address other than yours" in client.get(path).content.decode()
    assert client.post(path).status_code == 410
    assert not Membership.objects.filter(team=people.team, user=people.charlie).exists()
    assert Invitation.objects.open().exists()


def test_used_twice(client: Client, invited: Invited) -> None:
    """The second time the link is dead, with a sentence that says what to do."""
    accept_as_new_person(token_of(invited), name="Dora", password=NEW_PASSWORD)
    with pytest.raises(Refusal, match="already accepted"):
        accept_as_new_person(token_of(invited), name="Dora", password=NEW_PASSWORD)
    page = client.get(f"/accounts/invitation/{token_of(invited)}/")
    assert page.status_code == 410
    assert "Ask the person who invited you" in page.content.decode()


def test_expired(client: Client, invited: Invited) -> None:
    """After its time the link is dead, by the database's clock."""
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Refusal):
        accept_as_new_person(token_of(invited), name="Dora", password=NEW_PASSWORD)
    assert client.get(f"/accounts/invitation/{token_of(invited)}/").status_code == 410


def test_withdrawn_and_replaced(people: People, invited: Invited) -> None:
    """A withdrawn link is dead; a second invitation kills the first."""
    again = invite(people.actor(people.alice), people.team, "dora@example.org", Role.VIEWER)
    assert invitations.find(token_of(invited)) is None
    withdraw(people.actor(people.alice), again.invitation)
    assert invitations.find(token_of(again)) is None
    with pytest.raises(Refusal, match="already"):
        withdraw(people.actor(people.alice), again.invitation)


def test_unknown_token(client: Client, db: None) -> None:
    """A made-up token is answered like a used one."""
    assert client.get("/accounts/invitation/made-up/").status_code == 410


def test_who_may_invite_and_as_what(people: People) -> None:
    """Bob cannot; a lead cannot invite an admin; a member is not invited again."""
    with forbids():
        invite(people.actor(people.bob), people.team, "x@example.org", Role.VIEWER)
    with forbids():
        invite(people.actor(people.charlie), people.team, "x@example.org", Role.VIEWER)
    with forbids():
        invite(ANONYMOUS, people.team, "x@example.org", Role.VIEWER)
    Membership.objects.filter(user=people.bob).update(role=Role.LEAD)
    with forbids(match="above your own"):
        invite(people.actor(people.bob), people.team, "x@example.org", Role.ADMIN)
    with pytest.raises(Refusal, match="already belongs"):
        invite(people.actor(people.alice), people.team, "bob@example.org", Role.VIEWER)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [True, False])
def test_raced_by_eight_threads(known: bool) -> None:
    """Eight at once with one token: one joins, seven are told no, one event."""
    team = TeamFactory()
    token = token_of(invite(SHELL_ACTOR, team, "dora@example.org", Role.VIEWER))
    dora = UserFactory(email="dora@example.org") if known else None
    barrier, answers = threading.Barrier(8), []

    def try_it() -> None:
        barrier.wait()
        try:
            if dora:
                accept(actor_for_user(dora, via="password"), token)
            else:
                accept_as_new_person(token, name="Dora", password=NEW_PASSWORD)
            answers.append("in")
        except Refusal:
            answers.append("refused")
        except Exception as error:
            answers.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert sorted(answers) == ["in"] + ["refused"] * 7
    assert Membership.objects.filter(team=team).count() == 1
    assert User.objects.filter(email="dora@example.org").count() == 1
    assert Event.objects.filter(verb="member.joined").count() == 1


def test_signing_up_is_closed(client: Client, db: None) -> None:
    """Without an invitation there is no way to an account."""
    page = client.get("/accounts/signup/").content.decode()
    assert "by invitation" in page
    client.post(
        "/accounts/signup/",
        {"email": "x@example.org", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    assert not User.objects.exists()
