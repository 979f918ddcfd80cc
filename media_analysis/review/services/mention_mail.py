"""One email to whoever was mentioned: all new mentions together, and never what a note says.

A duty of the workers. Who opens the case first gets none, for a mention waits some minutes.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, ngettext

from accounts.actors import actor_for_user
from accounts.models import User
from media_analysis.review.models import Mention
from media_analysis.review.note_models import NoMentionMail

log = logging.getLogger("touchstone.review")

WAITS = timedelta(minutes=5)
"""So that mentions of one conversation come together."""
AT_MOST_EVERY = timedelta(hours=1)
"""One person gets no more emails than this."""
TOO_LATE = timedelta(days=1)
"""Older mentions are shown on the page only. No email is sent for them."""


def wants(person: User) -> bool:
    return not NoMentionMail.objects.filter(person=person).exists()


def choose(person: User, wanted: bool) -> None:
    if wanted:
        NoMentionMail.objects.filter(person=person).delete()
    else:
        NoMentionMail.objects.get_or_create(person=person)


def run_due() -> int:
    """Returns how many emails were sent."""
    due = _due().filter(note__created_at__lte=Now() - WAITS)
    return sum(map(_notify, list(due.order_by().values_list("person", flat=True).distinct())))


def _due() -> QuerySet[Mention]:
    found: QuerySet[Mention] = Mention.objects.filter(
        seen_at=None,
        mailed_at=None,
        note__created_at__gt=Now() - TOO_LATE,
        person__is_active=True,
    )
    quiet = NoMentionMail.objects.values("person")
    lately = Mention.objects.filter(mailed_at__gt=Now() - AT_MOST_EVERY).values("person")
    return found.exclude(person__in=quiet).exclude(person__in=lately)


def _notify(person_id: UUID) -> bool:
    """One person, by one worker. Without a mail server the mentions wait for the next run."""
    with transaction.atomic():
        person = User.objects.select_for_update(skip_locked=True).filter(pk=person_id).first()
        if person is None or not (mine := _readable(person)):
            return False
        Mention.objects.filter(pk__in=[one.pk for one in mine]).update(mailed_at=Now())
        try:
            _send(person, mine)
        except (OSError, smtplib.SMTPException) as error:
            # Only the kind of error: its text may hold the address.
            log.error("an email about mentions was not sent: %s", type(error).__name__)
            transaction.set_rollback(True)
            return False
    return True


def _readable(person: User) -> list[Mention]:
    """The due mentions that the person also sees on their page."""
    seen = Mention.objects.for_actor(actor_for_user(person, via=""))
    due = _due().filter(pk__in=seen.values("pk"))
    return list(due.select_related("note__author", "note__team").order_by("note__created_at"))


def _send(person: User, mine: Sequence[Mention]) -> None:
    """Names of people and teams alone: no file name, no text and no picture leaves the house."""
    url = str(settings.PUBLIC_URL).rstrip("/") + reverse("review:mentions")
    with translation.override(person.language or settings.LANGUAGE_CODE):
        origins = [
            gettext("{author} in {team}").format(
                author=one.note.author or gettext("Somebody"), team=one.note.team
            )
            for one in mine
        ]
        subject = ngettext(
            "{count} team note mentions you", "{count} team notes mention you", len(mine)
        ).format(count=len(mine))
        end = gettext("You can switch these emails off on the same page.")
        lines = "\n".join(f"- {line}" for line in dict.fromkeys(origins))
        send_mail(subject, f"{subject}:\n\n{lines}\n\n{url}\n\n{end}\n", None, [person.email])
