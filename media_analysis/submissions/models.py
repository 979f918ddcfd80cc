"""Somebody sent us media, once: who, when, why, under which name."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.roles import Permission


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_SUBMISSIONS
    ) -> SubmissionQuerySet:
        """Default deny: only what belongs to a team in which the actor may do this."""
        return self.filter(team__in=actor.team_ids(permission))


class Submission(models.Model):
    """The id is also the id of the submission's audit chain."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="submissions")
    blob = models.ForeignKey("blobs.Blob", on_delete=models.PROTECT, related_name="+")
    analysis = models.OneToOneField(
        "ml.Analysis",
        on_delete=models.PROTECT,
        related_name="submission",
        help_text="The newest analysis; earlier ones share this submission's chain.",
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    submitted_by_service = models.ForeignKey(
        "accounts.ServiceAccount",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    filename = models.CharField(max_length=255, blank=True, help_text="Text to show, never a path.")
    note = models.TextField(blank=True, max_length=4000)
    policy_context = models.CharField(max_length=200, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["team", "-created_at", "-id"], name="submission_newest_first"),
            models.Index(fields=["blob"], name="submission_same_bytes"),
        ]
        constraints = [
            # Erasing a sender clears the reference, so both may be empty: never both set.
            models.CheckConstraint(
                name="submission_one_sender",
                condition=models.Q(submitted_by__isnull=True)
                | models.Q(submitted_by_service__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.filename or str(self.id)
