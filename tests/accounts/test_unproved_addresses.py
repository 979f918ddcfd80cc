"""An unconfirmed email address: what its account may do, and what ends when the mailbox's owner
confirms it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.db.models import Model
from django.test import Client

from accounts.actors import SHELL_ACTOR
from accounts.models import Membership, Role, Session, User
from accounts.refusals import Refusal
from accounts.services import people as persons
from accounts.services.invitations import accept, invite
from audit.models import Event
from tests.accounts.conftest import People, is_logged_in, log_in
from tests.accounts.test_single_sign_on import Provider, provider, sign_on  # noqa: F401 - a fixture

VICTIM = "victim@example.org"
PASSWORD = "marble otter violin sunday"
ANOTHER = "quiet lantern orbit meadow"


def path_of(link: str) -> str:
    return link[link.index("/accounts/") :]


def mailed_link() -> str:
    found = re.search(r"http\S+/accounts/invitation/\S+", str(mail.outbox[-1].body))
    assert found
    return path_of(found.group())


def join(path: str) -> Client:
    client = Client()
    form = {"name": "Mallory", "password1": PASSWORD, "password2": PASSWORD}
    assert client.post(path, form).status_code == 302
    return client


@pytest.fixture
def impostor(people: People) -> Client:
    """Alice invited the victim, and used the link that she was shown herself."""
    invited = invite(people.actor(people.alice), people.team, VICTIM, Role.MODERATOR)
    return join(path_of(invited.link))


def is_proved(email: str) -> bool:
    proved = EmailAddress.objects.filter(email=email, user__email=email, verified=True)
    return bool(proved.exists())


def events(verb: str) -> list[dict[str, Any]]:
    return [event.content for event in Event.objects.filter(verb=verb).order_by("seq")]


def test_a_shown_link_makes_an_account_that_is_not_proved(people: People, impostor: Client) -> None:
    """It works in its team and can sign in again; it is asked to confirm, and the team sees it."""
    user = User.objects.get(email=VICTIM)
    assert not is_proved(VICTIM) and Membership.objects.filter(user=user).exists()
    assert mail.outbox[-1].to == [VICTIM] and "/confirm-email/" in mail.outbox[-1].body
    assert is_logged_in(impostor)
    again = Client()
    log_in(again, VICTIM, PASSWORD)
    assert is_logged_in(again)
    assert events("user.created")[-1]["data"]["address_proved"] is False
    lead = Client()
    lead.force_login(people.alice, "allauth.account.auth_backends.AuthenticationBackend")
    assert "address not confirmed" in lead.get(f"/teams/{people.team.pk}/").content.decode()


def test_the_mailed_link_proves_the_mailbox(
    people: People, django_capture_on_commit_callbacks: Any
) -> None:
    """Nobody but the mailbox has it, so nothing is left to confirm."""
    with django_capture_on_commit_callbacks(execute=True):
        invite(people.actor(people.alice), people.team, VICTIM, Role.MODERATOR)
    join(mailed_link())
    assert is_proved(VICTIM) and events("user.created")[-1]["data"]["address_proved"] is True


def test_the_mailed_link_proves_the_mailbox_of_an_account_that_is_there(
    people: People, impostor: Client, django_capture_on_commit_callbacks: Any
) -> None:
    """Signed in as the account, with a link that only the mailbox has: that is an answer."""
    user = User.objects.get(email=VICTIM)
    with django_capture_on_commit_callbacks(execute=True):
        invite(people.actor(people.charlie), people.other_team, VICTIM, Role.VIEWER)
    accept(people.actor(user), mailed_link().rstrip("/").rsplit("/", 1)[1])
    assert is_proved(VICTIM)


def test_single_sign_on_takes_an_unproved_address_over(
    people: People,
    impostor: Client,
    provider: Provider,  # noqa: F811
) -> None:
    """The owner gets a new account with the memberships; every way into the old one ends."""
    old = User.objects.get(email=VICTIM)
    RecoveryCodes.activate(old)
    SocialAccount.objects.create(user=old, provider="oidc", uid="mallory")
    owner = sign_on(provider, sub="v", email=VICTIM, email_verified=True, name="Victoria")
    assert is_logged_in(owner) and not is_logged_in(impostor)
    new = User.objects.get(email=VICTIM)
    assert new.pk != old.pk and new.name == "Victoria" and is_proved(VICTIM)
    old.refresh_from_db()
    assert not old.is_active and not old.has_usable_password() and VICTIM not in old.email
    kinds: list[type[Model]] = [
        Authenticator, SocialAccount, Session, EmailAddress, Membership,
    ]  # fmt: skip
    for model in kinds:
        assert not model._default_manager.filter(user=old).exists(), model
    assert Membership.objects.get(user=new).role == Role.MODERATOR
    log_in(impostor, VICTIM, PASSWORD)
    assert not is_logged_in(impostor)
    (closed,) = events("user.deactivated")
    assert closed["data"]["how"] == "address_taken_over" and closed["data"]["by"] == str(new.pk)
    assert closed["data"]["sessions_ended"] >= 1 and closed["data"]["factors_removed"] == 1
    joined = [e for e in events("member.joined") if e["data"]["how"] == "address_taken_over"]
    assert len(joined) == 1
    assert User.objects.filter(pk=new.pk, socialaccount__uid="v").exists()


def test_single_sign_on_takes_over_the_only_lead_of_a_team(
    people: People,
    provider: Provider,  # noqa: F811
) -> None:
    """The membership moves in one step, so the team is never without a lead."""
    Membership.objects.filter(team=people.team, user=people.alice).update(role=Role.VIEWER)
    invited = invite(SHELL_ACTOR, people.team, VICTIM, Role.ADMIN)
    join(path_of(invited.link))
    sign_on(provider, sub="v", email=VICTIM, email_verified=True, name="Victoria")
    member = Membership.objects.get(user__email=VICTIM)
    assert member.role == Role.ADMIN and member.user.name == "Victoria"


def test_single_sign_on_does_not_join_whoever_wants_to_change_to_the_address(
    people: People,
    provider: Provider,  # noqa: F811
) -> None:
    """Bob asked to change to the victim's address and never proved it; the victim is invited."""
    EmailAddress.objects.create(user=people.bob, email=VICTIM, verified=False, primary=False)
    invite(people.actor(people.alice), people.team, VICTIM, Role.VIEWER)
    owner = sign_on(provider, sub="v", email=VICTIM, email_verified=True, name="Victoria")
    assert is_logged_in(owner)
    assert not SocialAccount.objects.filter(user=people.bob).exists()
    assert User.objects.get(email=VICTIM).name == "Victoria"
    people.bob.refresh_from_db()
    assert people.bob.email == "bob@example.org" and people.bob.has_usable_password()


def test_a_closed_account_is_not_opened_by_taking_it_over(
    people: People,
    impostor: Client,
    provider: Provider,  # noqa: F811
) -> None:
    """What an administrator closed stays closed for its address too."""
    persons.deactivate(SHELL_ACTOR, User.objects.get(email=VICTIM))
    owner = sign_on(provider, sub="v", email=VICTIM, email_verified=True, name="Victoria")
    assert not is_logged_in(owner)
    assert not SocialAccount.objects.exists()


def test_an_unproved_account_cannot_be_tied_to_a_provider(
    people: People,
    impostor: Client,
    provider: Provider,  # noqa: F811
) -> None:
    """Mallory signs in at the provider as herself, from the account with the victim's address."""
    provider.person = {"sub": "m", "email": "mallory@example.org", "email_verified": True}
    impostor.post("/accounts/reauthenticate/", {"password": PASSWORD})
    leave = impostor.post("/accounts/oidc/oidc/login/?process=connect")
    state = re.search(r"state=([^&]+)", leave["Location"])
    assert state
    answer = impostor.get(
        "/accounts/oidc/oidc/login/callback/", {"code": "1", "state": state[1]}, follow=True
    )
    assert "Confirm your email address first" in answer.content.decode()
    assert not SocialAccount.objects.exists()


def test_a_reset_by_mail_ends_every_other_way_in(people: People, impostor: Client) -> None:
    """The owner of the mailbox sets a password: sessions and factors of the impostor are gone."""
    old = User.objects.get(email=VICTIM)
    RecoveryCodes.activate(old)
    owner = Client()
    owner.post("/accounts/password/reset/", {"email": VICTIM})
    link = re.search(r"http\S+(/accounts/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert link and mail.outbox[-1].to == [VICTIM]
    form = owner.get(link[1], follow=True)
    owner.post(form.request["PATH_INFO"], {"password1": ANOTHER, "password2": ANOTHER})
    assert is_proved(VICTIM) and not is_logged_in(impostor)
    assert not Authenticator.objects.filter(user=old).exists()
    log_in(owner, VICTIM, ANOTHER)
    assert is_logged_in(owner)
    assert events("password.reset")[-1]["data"]["factors_removed"] == 1


def test_a_reset_of_a_proved_account_keeps_its_second_factor(people: People) -> None:
    """Only the first proof belongs to somebody else; later a stolen mailbox is not enough."""
    RecoveryCodes.activate(people.bob)
    client = Client()
    client.post("/accounts/password/reset/", {"email": "bob@example.org"})
    link = re.search(r"http\S+(/accounts/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert link
    form = client.get(link[1], follow=True)
    client.post(form.request["PATH_INFO"], {"password1": ANOTHER, "password2": ANOTHER})
    assert Authenticator.objects.filter(user=people.bob).exists()


def test_a_confirmation_counts_only_from_the_account_itself(
    people: People, impostor: Client
) -> None:
    """The victim gets the mail and clicks: nothing is confirmed for the impostor."""
    link = re.search(r"http\S+(/accounts/confirm-email/\S+)", str(mail.outbox[-1].body))
    assert link
    victim = Client()
    page = victim.get(link[1]).content.decode()
    assert "Sign in to confirm" in page and "/accounts/password/reset/" in page
    victim.post(link[1])
    assert not is_proved(VICTIM)
    charlie = Client()
    charlie.force_login(people.charlie, "allauth.account.auth_backends.AuthenticationBackend")
    charlie.post(link[1])
    assert not is_proved(VICTIM) and is_logged_in(charlie)
    impostor.get(link[1])
    impostor.post(link[1])
    assert is_proved(VICTIM)
    assert ["address_proved"] in [event["data"]["changed"] for event in events("user.changed")]


def test_an_unproved_account_is_not_made_a_site_administrator(
    people: People, impostor: Client
) -> None:
    """The operator means the owner of the mailbox; with --reset the owner gets a password."""
    with pytest.raises(Refusal, match="not confirmed"):
        persons.create_admin(VICTIM)
    made = persons.create_admin(VICTIM, reset=True)
    assert made.user.is_superuser and is_proved(VICTIM) and not is_logged_in(impostor)
