"""Emails to those who run a team, about what opens it to somebody: a new key, a hand from outside.

The record holds the same as events. An email makes sure that nothing of the kind happens quietly.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from accounts.actors import Actor
from accounts.models import Membership, Team, User

log = logging.getLogger("touchstone.accounts")

IF_UNEXPECTED = gettext_noop(
    "If you did not expect this, ask the person named or your site administrator."
)
Text = Callable[[], str]
"""Makes a sentence in the language that is active then."""


def email_managers(
    team: Team, subject: Text, sentence: Text, *, but: User | None, end: str = IF_UNEXPECTED
) -> None:
    """After the commit, one email to each lead and admin of the team, except who did it: in the
    language of each. `end` is a marked sentence."""
    members = Membership.objects.filter(team=team.run_by_id, user__is_active=True)
    running = members.who_run_a_team().exclude(user=but)
    readers = list(running.order_by("user__email").values_list("user__email", "user__language"))
    transaction.on_commit(lambda: _send(readers, team, subject, sentence, end))


def email_if_from_outside(actor: Actor, team: Team, subject: Text, sentence: Text) -> None:
    """A site administrator or the shell acts on a team without belonging to it."""

    def with_who() -> str:
        by = (
            gettext("By {person}, a site administrator.").format(person=actor.user)
            if actor.user
            else gettext("By the operator.")
        )
        return f"{sentence()} {by}"

    if actor.role_in(team.pk) is None:
        email_managers(team, subject, with_who, but=actor.user)


def _send(
    readers: list[tuple[str, str]], team: Team, subject: Text, sentence: Text, end: str
) -> None:
    for address, language in readers:
        try:
            with translation.override(language or settings.LANGUAGE_CODE):
                send_mail(
                    subject=" ".join(f"{team}: {subject()}".split()),
                    message=f"{sentence()}\n\n{gettext(end)}\n",
                    from_email=None,
                    recipient_list=[address],
                )
        except (OSError, smtplib.SMTPException) as error:
            # Only the kind of error: its text may hold the address.
            log.error("an email to those who run a team was not sent: %s", type(error).__name__)
