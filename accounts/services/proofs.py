"""Whose mailbox is it? An address is proved when a mail to it was answered, or a provider vouches.

Until then the account works in its team under a name that somebody else chose. So the first proof
that comes from outside of the account (a reset by mail, single sign-on) belongs to the mailbox's
owner, and ends every other way in.
"""

from __future__ import annotations

import uuid

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from accounts.models import Membership, ProvisionedPerson, Session, User
from accounts.services.chains import ACCOUNTS, team_chain
from accounts.services.people import created_event, new_person
from audit.services import Entry, record, record_many
from audit.verbs import Verb
from audit.who import Who

HOW = "address_taken_over"


def is_proved(user: User) -> bool:
    return bool(EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists())


def address_proved(user: User, who: Who, how: str) -> Entry | None:
    """Marks the account's address as proved; None when it was before."""
    if is_proved(user):
        return None
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    return Entry(
        chain=ACCOUNTS, verb=Verb.USER_CHANGED, who=who, object_type="user",
        object_id=str(user.pk), data={"changed": ["address_proved"], "how": how},
    )  # fmt: skip


@transaction.atomic
def answered_a_mail(who: Who, user: User) -> None:
    """Somebody signed in as this account followed the link in a mail to its address."""
    record(
        chain=ACCOUNTS, verb=Verb.USER_CHANGED, who=who, object_type="user",
        object_id=str(user.pk), data={"changed": ["address_proved"], "how": "mail"},
    )  # fmt: skip


def other_ways_in_end(user: User) -> dict[str, int]:
    """Sessions, factors and linked accounts of whoever came before the owner of the mailbox."""
    return {
        "sessions_ended": Session.objects.filter(user=user).delete()[0],
        "factors_removed": Authenticator.objects.filter(user=user).delete()[0],
        "links_removed": SocialAccount.objects.filter(user=user).delete()[0],
    }


@transaction.atomic
def take_address_over(email: str, *, name: str) -> User | None:
    """The owner of the mailbox came by single sign-on, and an account that never proved it holds
    the address. It loses the address and every way in. A new account gets the address and the
    memberships, which were promised to that mailbox; what was done before stays the old one's.

    None when the address cannot be taken: the account was closed, or runs the house.
    """
    old = User.objects.select_for_update().filter(email=email).first()
    if old is None or not old.is_active or old.is_superuser:
        return None
    if is_proved(old):
        return old
    ended = other_ways_in_end(old)
    EmailAddress.objects.filter(user=old).delete()
    old.set_unusable_password()
    old.email, old.is_active = f"{HOW.replace('_', '-')}-{uuid.uuid4().hex}@invalid", False
    old.save(update_fields=["email", "password", "is_active"])
    new = new_person(email, name=name)
    who = Who(kind="user", id=str(new.pk), via="oidc")
    moved = list(Membership.objects.filter(user=old).order_by("team_id"))
    Membership.objects.filter(user=old).update(user=new)
    ProvisionedPerson.objects.filter(user=old).update(user=new)
    events = [
        Entry(
            chain=ACCOUNTS, verb=Verb.USER_DEACTIVATED, who=who, object_type="user",
            object_id=str(old.pk), data={"how": HOW, "by": str(new.pk), **ended}, rows=[old],
        ),
        created_event(new, who),
    ]  # fmt: skip
    for membership in moved:
        about = {"role": membership.role, "how": HOW}
        chain = team_chain(membership.team_id)
        events += [
            Entry(chain=chain, verb=Verb.MEMBER_REMOVED, who=who, object_type="user",
                  object_id=str(old.pk), data=about),
            Entry(chain=chain, verb=Verb.MEMBER_JOINED, who=who, object_type="user",
                  object_id=str(new.pk), data=about, rows=[membership]),
        ]  # fmt: skip
    record_many(events)
    return new


def forget_pending(email: str) -> None:
    """Addresses that others wanted to change to and never proved: their owner came."""
    EmailAddress.objects.filter(email=email, verified=False).exclude(user__email=email).delete()
