"""Make, close and erase an account."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models.functions import Now
from django.utils.crypto import get_random_string

from accounts import hooks
from accounts.actors import SHELL_ACTOR, Actor
from accounts.models import Invitation, Membership, ProvisionedPerson, Session, User
from accounts.models.user import normalised
from accounts.refusals import Refusal
from accounts.services.chains import ACCOUNTS, team_chain
from audit.services import Entry, record, record_many
from audit.verbs import Verb
from audit.who import Who

_READABLE = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def new_person(
    email: str,
    *,
    name: str = "",
    password: str | None = None,
    site_admin: bool = False,
    proved: bool = True,
) -> User:
    """An account. Its mailbox is `proved` by a mailed invitation, a provider or the operator."""
    user = User(email=normalised(email), name=name, is_staff=site_admin, is_superuser=site_admin)
    if password is not None:
        validate_password(password, user)
    user.set_password(password)
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=proved, primary=True)
    return user


def created_event(user: User, who: Who, *, site_admin: bool = False, proved: bool = True) -> Entry:
    """The event of a new account; whoever makes one records it in the same transaction."""
    return Entry(
        chain=ACCOUNTS, verb=Verb.USER_CREATED, who=who,
        object_type="user", object_id=str(user.pk),
        data={"site_admin": site_admin, "address_proved": proved}, rows=[user],
    )  # fmt: skip


@dataclass(frozen=True)
class Administrator:
    user: User
    password: str | None
    """Only when it was made up here: shown once, kept by nobody."""
    created: bool


@transaction.atomic
def create_admin(
    email: str, *, password: str | None = None, reset: bool = False, actor: Actor = SHELL_ACTOR
) -> Administrator:
    """A site administrator. Run again, it keeps what is there unless asked to reset."""
    if not actor.is_site_admin:
        raise Refusal("site_admin_only")
    user = User.objects.select_for_update().filter(email=normalised(email)).first()
    if user is not None and not reset and password is None:
        if not EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists():
            raise Refusal("address_not_confirmed", email=user.email)
        if not (user.is_superuser and user.is_staff and user.is_active):
            User.objects.filter(pk=user.pk).update(is_superuser=True, is_staff=True, is_active=True)
            _changed(actor, user, ["site_admin"])
            user.refresh_from_db()
        return Administrator(user, None, created=False)
    made_up = None if password is not None else get_random_string(20, _READABLE)
    secret = password if password is not None else made_up
    if user is None:
        user = new_person(email, password=secret, site_admin=True)
        record_many([created_event(user, actor.who, site_admin=True)])
        return Administrator(user, made_up, created=True)
    assert secret is not None
    validate_password(secret, user)
    user.set_password(secret)
    user.is_superuser = user.is_staff = user.is_active = True
    user.save(update_fields=["password", "is_superuser", "is_staff", "is_active"])
    Session.objects.filter(user=user).delete()
    if _vouched_for(user):
        Authenticator.objects.filter(user=user).delete()
        SocialAccount.objects.filter(user=user).delete()
    record(
        chain=ACCOUNTS, verb=Verb.PASSWORD_RESET, who=actor.who,
        object_type="user", object_id=str(user.pk), data={"site_admin": True},
        rows=[user],
    )  # fmt: skip
    return Administrator(user, made_up, created=False)


def _vouched_for(user: User) -> bool:
    """The operator knows whose mailbox it is; True when nobody had proved it before."""
    own = EmailAddress.objects.filter(user=user, email=user.email)
    if own.filter(verified=True).exists():
        return False
    if not own.update(verified=True, primary=True):
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return True


def choose_language(user: User, language: str) -> None:
    """The language of this person's pages and emails. It is their own choice and not recorded."""
    User.objects.filter(pk=user.pk).update(language=language)


@transaction.atomic
def deactivate(actor: Actor, user: User, *, why: str = "") -> None:
    """Closes the door at once: every session ends. Their teams keep a lead, or it is refused."""
    _site_admin(actor)
    _leaves_no_team_alone(user)
    # Who was closed by a person stays closed, whatever an identity provider says.
    ProvisionedPerson.objects.filter(user=user).update(closed_account=False)
    closed(user, actor.who, why=why)


def closed(user: User, who: Who, *, why: str = "", how: str = "") -> None:
    """In the caller's transaction: the account is closed and every session ends."""
    User.objects.filter(pk=user.pk).update(is_active=False)
    ended, _ = Session.objects.filter(user=user).delete()
    withdrawn = Invitation.objects.all().end_those_of(user)
    about: dict[str, Any] = {"sessions_ended": ended, "invitations_withdrawn": withdrawn}
    record(
        chain=ACCOUNTS, verb=Verb.USER_DEACTIVATED, who=who, why=why,
        object_type="user", object_id=str(user.pk),
        data={**about, "how": how} if how else about, rows=[user],
    )  # fmt: skip


@transaction.atomic
def reactivate(actor: Actor, user: User) -> None:
    _site_admin(actor)
    if user.erased_at is not None:
        raise Refusal("account_erased")
    reopened(user, actor.who)


def reopened(user: User, who: Who, *, how: str = "") -> None:
    """In the caller's transaction: the account may be used again."""
    User.objects.filter(pk=user.pk).update(is_active=True)
    ProvisionedPerson.objects.filter(user=user).update(closed_account=False)
    record(
        chain=ACCOUNTS, verb=Verb.USER_REACTIVATED, who=who,
        object_type="user", object_id=str(user.pk), data={"how": how} if how else {}, rows=[user],
    )  # fmt: skip


@transaction.atomic
def erase(actor: Actor, user: User, *, why: str = "") -> None:
    """Forget the person, keep the record: events name only the id, which now names nobody."""
    _site_admin(actor)
    _leaves_no_team_alone(user)
    email = user.email
    left = [
        Entry(
            chain=team_chain(team_id), verb=Verb.MEMBER_REMOVED, who=actor.who,
            object_type="user", object_id=str(user.pk), data={"how": "erased"},
            rows=[(Membership, pk)],
        )
        for pk, team_id in Membership.objects.filter(user=user).values_list("pk", "team_id")
    ]  # fmt: skip
    Membership.objects.filter(user=user).delete()
    Session.objects.filter(user=user).delete()
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    Invitation.objects.filter(email=email).delete()
    SocialAccount.objects.filter(user=user).delete()
    ProvisionedPerson.objects.filter(user=user).delete()
    for forget in hooks.erased:
        forget(user)
    user.set_unusable_password()
    User.objects.filter(pk=user.pk).update(
        email=f"erased-{uuid.uuid4().hex}@invalid", name="", password=user.password,
        is_active=False, is_staff=False, is_superuser=False, erased_at=Now(), last_login=None,
    )  # fmt: skip
    erased = Entry(
        chain=ACCOUNTS, verb=Verb.SUBJECT_ERASED, who=actor.who, why=why,
        object_type="user", object_id=str(user.pk), rows=[user],
        data={"invitations_withdrawn": Invitation.objects.all().end_those_of(user)},
    )  # fmt: skip
    record_many([*left, erased])


def _site_admin(actor: Actor) -> None:
    if not actor.is_site_admin:
        raise Refusal("site_admin_only")


def _leaves_no_team_alone(user: User) -> None:
    from accounts.services.teams import locked

    mine = Membership.objects.who_run_a_team().filter(user=user)
    for membership in mine.select_related("team").order_by("team_id"):
        team = locked(membership.team_id)
        others = Membership.objects.filter(team=team).exclude(user=user)
        running = others.who_run_a_team().filter(user__is_active=True)
        if others.exists() and not running.exists():
            raise Refusal("last_lead", person=str(user), team=str(team))


def _changed(actor: Actor, user: User, what: list[str]) -> None:
    record(
        chain=ACCOUNTS, verb=Verb.USER_CHANGED, who=actor.who,
        object_type="user", object_id=str(user.pk), data={"changed": what},
        rows=[user],
    )  # fmt: skip
