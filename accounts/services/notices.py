"""Letters to those who run a team, about what opens it to somebody: a new key, a hand from outside.

The record holds the same as events. A letter makes sure that nothing of the kind happens quietly.
"""

from __future__ import annotations

import logging
import smtplib

from django.core.mail import send_mail
from django.db import transaction

from accounts.actors import Actor
from accounts.models import Membership, Role, Team, User

log = logging.getLogger("touchstone.accounts")

IF_UNEXPECTED = "If you did not expect this, ask the person named, or your site administrator."


def tell_those_who_run(team: Team, subject: str, sentence: str, *, but: User | None) -> None:
    """After the commit, one letter to each lead and admin of the team, except who did it."""
    running = Membership.objects.filter(
        team=team, role__in=[role for role in Role if role.runs_a_team], user__is_active=True
    ).exclude(user=but)
    addresses = list(running.order_by("user__email").values_list("user__email", flat=True))
    transaction.on_commit(lambda: _send(addresses, f"{team}: {subject}", sentence))


def tell_if_from_outside(actor: Actor, team: Team, subject: str, sentence: str) -> None:
    """A site administrator or the shell acts on a team without belonging to it."""
    if actor.role_in(team.pk) is None:
        by = f"{actor.user}, a site administrator," if actor.user else "The operator"
        tell_those_who_run(team, subject, f"{by} {sentence}", but=actor.user)


def _send(addresses: list[str], subject: str, sentence: str) -> None:
    for address in addresses:
        try:
            send_mail(
                subject=" ".join(subject.split()),
                message=f"{sentence}\n\n{IF_UNEXPECTED}\n",
                from_email=None,
                recipient_list=[address],
            )
        except (OSError, smtplib.SMTPException) as error:
            # Only the kind of error: its text may hold the address.
            log.error("a letter to those who run a team was not sent: %s", type(error).__name__)
