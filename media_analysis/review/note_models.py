"""Notes that a team writes on a case at any time, and the people whom a note mentions."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.roles import Permission
from audit import final
from media_analysis.review.opinion_models import DoubleReview
from media_analysis.review.owned import TeamOwned

LONGEST_NOTE = 2000


class CaseNote(models.Model):
    """For the team alone: no partner and no sender reads it. Written once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("review.Case", on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.TextField(max_length=LONGEST_NOTE)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TeamOwned.as_manager()

    class Meta:
        verbose_name = _("team note")
        verbose_name_plural = _("team notes")
        ordering = ["created_at", "id"]
        constraints = [models.CheckConstraint(name="note_says_something", condition=~Q(text=""))]
        triggers: ClassVar = [
            final.row("note_is_final", "a team note is final"),
            final.whole("notes_stay", "team notes are final"),
        ]

    def __str__(self) -> str:
        return f"note on case {self.case_id}"


class MentionQuerySet(models.QuerySet["Mention"]):
    def for_actor(self, actor: Actor) -> MentionQuerySet:
        """Those of the actor, in teams whose cases they still see. Not of a case that two people
        decide: the mention would name the first to the second."""
        open_twice = DoubleReview.objects.filter(closed_at=None).order_by().values("case")
        return self.filter(
            person=actor.user, note__team__in=actor.team_ids(Permission.VIEW_CASES)
        ).exclude(note__case__in=open_twice)


class Mention(models.Model):
    """A person whom a note names, until they have seen the case."""

    note = models.ForeignKey(CaseNote, on_delete=models.PROTECT, related_name="mentions")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions"
    )
    seen_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = MentionQuerySet.as_manager()

    class Meta:
        verbose_name = _("mention")
        verbose_name_plural = _("mentions")
        indexes = [
            models.Index(fields=["person"], condition=Q(seen_at=None), name="mention_unseen")
        ]
        constraints = [
            models.UniqueConstraint(fields=["note", "person"], name="one_mention_a_note")
        ]

    def __str__(self) -> str:
        return f"mention in {self.note_id}"


class NoMentionMail(models.Model):
    """A person who wants no email about mentions."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )

    def __str__(self) -> str:
        return f"no emails for {self.person_id}"
