"""Uploads that arrive in pieces and can be resumed."""

from __future__ import annotations

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.roles import Permission
from media_analysis.uploads.direct_models import DirectUpload as DirectUpload


class UploadQuerySet(models.QuerySet["Upload"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.SUBMIT_MEDIA
    ) -> UploadQuerySet:
        """Nobody but its own sender, while the sender may send."""
        mine = self.filter(team_id__in=actor.team_ids(permission), expires_at__gt=Now())
        return mine.filter(user=actor.user, service=actor.service)


class Upload(models.Model):
    """How much of a file has arrived. The bytes lie in a file of its own until it is whole."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(
        "accounts.ServiceAccount", null=True, on_delete=models.CASCADE, related_name="+"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    length = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    words = models.JSONField(default=dict, help_text="File name, note and so on, as they came.")
    expires_at = models.DateTimeField()
    submission = models.ForeignKey(
        "submissions.Submission", null=True, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UploadQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="upload_age")]
        constraints = [
            models.CheckConstraint(
                name="upload_has_one_sender",
                condition=Q(user__isnull=True) ^ Q(service__isnull=True),
            ),
            models.CheckConstraint(
                name="upload_is_no_longer_than_announced", condition=Q(offset__lte=F("length"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.offset} of {self.length} bytes"

    @property
    def path(self) -> Path:
        return Path(settings.UPLOAD_SPOOL_DIR) / f"{self.pk}.part"
