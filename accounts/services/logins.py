"""What happens around a login: its outcome, its sessions, its second factors. Each is an event."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.actors import Actor
from accounts.models import Session, User
from accounts.refusals import Refusal
from accounts.services import lockout
from accounts.services.chains import ACCOUNTS
from accounts.services.lockout import Secret
from accounts.services.people import created_event
from accounts.services.proofs import address_proved, is_proved, other_ways_in_end
from audit.services import record, record_many
from audit.verbs import Verb
from audit.who import NOBODY, Who


def _record(verb: Verb, who: Who, user_id: str, **data: object) -> None:
    record(
        chain=ACCOUNTS, verb=verb, who=who, object_type="user", object_id=user_id, data=data
    )  # fmt: skip


@transaction.atomic
def first_time(who: Who, user: User) -> None:
    """An identity provider vouched for somebody who was invited: the account is new."""
    record_many([created_event(user, who)])


@transaction.atomic
def succeeded(who: Who) -> None:
    _record(Verb.LOGIN_SUCCEEDED, who, who.id)


@transaction.atomic
def failed(user: User | None, *, at: str, paused: bool) -> None:
    """For an address without an account, only the attempt is recorded."""
    user_id = str(user.pk) if user else "unknown"
    _record(Verb.LOGIN_FAILED, NOBODY, user_id, at=at)
    if paused:
        _record(Verb.LOGIN_LOCKED, NOBODY, user_id, at=at, minutes=_minutes())


@transaction.atomic
def ended(who: Who) -> None:
    _record(Verb.LOGIN_ENDED, who, who.id)


@transaction.atomic
def password_changed(who: Who, user: User, *, keep: str | None) -> None:
    """Every other session ends with the old password."""
    count = _end_sessions(user, keep=keep)
    _record(Verb.PASSWORD_CHANGED, who, str(user.pk), sessions_ended=count)


@transaction.atomic
def password_reset(user: User) -> None:
    """Whoever had a session or a lock-out before has neither now."""
    lockout.forgive(Secret.PASSWORD, user.email)
    who = Who(kind="user", id=str(user.pk), via="password_reset")
    if _first_proof(user):
        proof = address_proved(user, who, "password_reset")
        if proof:
            record_many([proof])
        _record(Verb.PASSWORD_RESET, who, str(user.pk), **other_ways_in_end(user))
        return
    count = _end_sessions(user, keep=None)
    _record(Verb.PASSWORD_RESET, who, str(user.pk), sessions_ended=count)


def _first_proof(user: User) -> bool:
    """The link went to the account's own address, the only one it has, and that was not proved:
    whoever set up factors before did not own the mailbox."""
    other = EmailAddress.objects.filter(user=user).exclude(email=user.email).exists()
    return not other and not is_proved(user)


@transaction.atomic
def address_changed(who: Who, user: User) -> None:
    _record(Verb.USER_CHANGED, who, str(user.pk), changed=["email"])


@transaction.atomic
def factor_added(who: Who, user: User, kind: str) -> None:
    _record(Verb.MFA_ADDED, who, str(user.pk), kind=kind)


@transaction.atomic
def factor_removed(who: Who, user: User, kind: str) -> None:
    _record(Verb.MFA_REMOVED, who, str(user.pk), kind=kind)


@transaction.atomic
def recovery_code_used(who: Who, user: User) -> None:
    _record(Verb.MFA_RECOVERY_USED, who, str(user.pk))


@transaction.atomic
def revoke_session(actor: Actor, name: str) -> None:
    """One of the actor's own sessions, by its public name."""
    user = _person(actor)
    deleted, _ = Session.objects.filter(user=user, session_key__startswith=name).delete()
    if not deleted or not name:
        raise Refusal("session_ended")
    record(
        chain=ACCOUNTS, verb=Verb.SESSION_REVOKED, who=actor.who,
        object_type="session", object_id=name,
    )  # fmt: skip


@transaction.atomic
def revoke_other_sessions(actor: Actor, *, keep: str) -> int:
    """All but the one that asks; `keep` is its cookie's value."""
    user = _person(actor)
    count = _end_sessions(user, keep=keep)
    record(
        chain=ACCOUNTS, verb=Verb.SESSION_REVOKED, who=actor.who,
        object_type="user", object_id=str(user.pk), data={"sessions_ended": count},
    )  # fmt: skip
    return count


def _end_sessions(user: User, *, keep: str | None) -> int:
    sessions = Session.objects.filter(user=user)
    if keep:
        sessions = sessions.exclude(pk=Session.stored_key(keep))
    return sessions.delete()[0]


def _person(actor: Actor) -> User:
    if actor.user is None:
        raise Refusal("people_only")
    return actor.user


def _minutes() -> int:
    return int(lockout.PAUSE.total_seconds() // 60)
