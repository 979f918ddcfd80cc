"""Ask somebody into a team by email, withdraw, accept. A token works once, or never."""

from __future__ import annotations

import hashlib
import logging
import secrets
import smtplib
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from accounts.actors import Actor
from accounts.models import Invitation, Membership, Team, User
from accounts.models.user import normalised
from accounts.refusals import Refusal
from accounts.roles import Permission, Role
from accounts.services.chains import require, team_chain
from accounts.services.notices import email_if_from_outside
from accounts.services.people import created_event, new_person
from accounts.services.proofs import address_proved
from accounts.services.teams import locked, may_hand_out
from audit.services import Entry, record, record_many
from audit.verbs import Verb
from audit.who import Who

log = logging.getLogger("touchstone.accounts")

VALID_FOR = timedelta(days=7)


@dataclass
class Invited:
    invitation: Invitation
    link: str
    """Shown once to the inviter. The mail has a link of its own, which proves the mailbox."""
    mailed: bool | None = None
    """None until the transaction is committed; then whether the mail server accepted the email."""


@transaction.atomic
def invite(actor: Actor, team: Team, email: str, role: Role) -> Invited:
    require(actor, Permission.MANAGE_MEMBERS, team.pk)
    may_hand_out(actor, team.pk, role)
    email = normalised(email)
    locked(team.pk)
    if Membership.objects.filter(team=team, user__email=email).exists():
        raise Refusal("already_member", person=email, team=str(team))
    # A second invitation replaces the first: one mailbox, one working link.
    Invitation.objects.pending().filter(team=team, email=email).update(revoked_at=Now())
    displayed, mailed = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        team=team, email=email, role=role, token_sha256=digest(displayed),
        mailed_sha256=digest(mailed), invited_by=actor.user,
        expires_at=timezone.now() + VALID_FOR,
    )  # fmt: skip
    record(
        chain=team_chain(team.pk), verb=Verb.MEMBER_INVITED, who=actor.who_in(team.pk),
        object_type="invitation", object_id=str(invitation.pk), data={"role": str(role)},
    )  # fmt: skip
    email_if_from_outside(
        actor,
        team,
        lambda: gettext("an invitation"),
        lambda: gettext("{email} was invited to the team {team}. Role: {role}.").format(
            email=email, team=team, role=role.label
        ),
    )
    invited = Invited(invitation, _link(displayed))
    transaction.on_commit(lambda: _mail(invited, _link(mailed)))
    return invited


def _link(token: str) -> str:
    return str(settings.PUBLIC_URL).rstrip("/") + reverse("accounts_invitation", args=[token])


def invite_again(actor: Actor, invitation: Invitation) -> Invited:
    """A new email with a new link for the same mailbox and role; the old link stops working."""
    if invitation.accepted_at is not None:
        raise Refusal("invitation_accepted")
    return invite(actor, invitation.team, invitation.email, Role(invitation.role))


@transaction.atomic
def withdraw(actor: Actor, invitation: Invitation) -> None:
    require(actor, Permission.MANAGE_MEMBERS, invitation.team_id)
    if not Invitation.objects.open().filter(pk=invitation.pk).update(revoked_at=Now()):
        raise Refusal("invitation_closed")
    record(
        chain=team_chain(invitation.team_id), verb=Verb.MEMBER_INVITATION_WITHDRAWN,
        who=actor.who_in(invitation.team_id),
        object_type="invitation", object_id=str(invitation.pk),
    )  # fmt: skip


def find(token: str) -> Invitation | None:
    """The invitation behind a token that can still be accepted."""
    return (
        Invitation.objects.open().select_related("team", "invited_by").filter(_has(token)).first()
    )


def _has(token: str) -> Q:
    return Q(token_sha256=digest(token)) | Q(mailed_sha256=digest(token))


@transaction.atomic
def accept(actor: Actor, token: str) -> Membership:
    """Join with the account that the invitation was mailed to."""
    if actor.user is None:
        raise Refusal("sign_in_to_accept")
    invitation, came_by_mail = _take(token, email=actor.user.email)
    proof = [address_proved(actor.user, actor.who, "invitation")] if came_by_mail else []
    return _join(invitation, actor.user, actor.who, *(entry for entry in proof if entry))


@transaction.atomic
def accept_as_new_person(token: str, *, name: str, password: str) -> User:
    """Make the account and join. Only the mailed token proves the mailbox: with the one that was
    shown to the inviter, the account waits for an answer to a mail."""
    invitation, came_by_mail = _take(token)
    if User.objects.filter(email=invitation.email).exists():
        raise Refusal("account_exists")
    user = new_person(invitation.email, name=name, password=password, proved=came_by_mail)
    who = Who(kind="user", id=str(user.pk), via="invitation")
    _join(invitation, user, who, created_event(user, who, proved=came_by_mail))
    return user


def accept_all_for(user: User, who: Who) -> list[Membership]:
    """For somebody whose address an identity provider has proved: every open invitation."""
    joined = []
    for invitation in Invitation.objects.open().filter(email=user.email).order_by("created_at"):
        with transaction.atomic():  # one team, one transaction: no order of locks to get wrong
            if Invitation.objects.open().filter(pk=invitation.pk).update(accepted_at=Now()):
                joined.append(_join(invitation, user, who))
    return joined


def is_awaited(email: str) -> bool:
    return Invitation.objects.open().filter(email=normalised(email)).exists()


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _take(token: str, email: str | None = None) -> tuple[Invitation, bool]:
    """Compare and set: of two who come with one token, the second finds nothing to take. Also
    says whether the token was the mailed one."""
    mine = Invitation.objects.open().filter(_has(token))
    if email is not None and mine.exists() and not mine.filter(email=email).exists():
        raise Refusal("invitation_other_address")
    if not mine.update(accepted_at=Now()):
        raise Refusal("invitation_unusable")
    invitation = Invitation.objects.select_related("team").get(_has(token))
    return invitation, invitation.mailed_sha256 == digest(token)


def _join(invitation: Invitation, user: User, who: Who, *events: Entry) -> Membership:
    locked(invitation.team_id)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_by=user)
    membership, joined = Membership.objects.get_or_create(
        team_id=invitation.team_id, user=user, defaults={"role": invitation.role}
    )
    joining = Entry(
        chain=team_chain(invitation.team_id), verb=Verb.MEMBER_JOINED, who=who,
        object_type="user", object_id=str(user.pk),
        data={
            "role": membership.role, "how": "invitation",
            "invitation": str(invitation.pk), "already_member": not joined,
        },
        rows=[membership],
    )  # fmt: skip
    record_many([*events, joining])
    return membership


def _mail(invited: Invited, link: str) -> None:
    """The invitation stands also when the email cannot be sent: its link can be handed over."""
    invitation = invited.invitation
    words = {
        "invitation": invitation,
        "team": invitation.team,
        "inviter": invitation.invited_by,
        "link": link,
        "days": VALID_FOR.days,
    }
    try:
        send_mail(
            subject=gettext("Join {team} on Touchstone").format(
                team=" ".join(invitation.team.name.split())
            ),
            message=render_to_string("account/email/invitation_message.txt", words),
            from_email=None,
            recipient_list=[invitation.email],
        )
    except (OSError, smtplib.SMTPException) as error:
        invited.mailed = False
        # Only the kind of error: its text may hold the address.
        log.error("invitation email %s not sent: %s", invitation.pk, type(error).__name__)
    else:
        invited.mailed = True
