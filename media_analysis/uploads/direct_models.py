"""Uploads whose bytes go straight into the media store's bucket."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.refusals import CATALOGUE, Refusal
from accounts.roles import Permission
from blobs import quarantine
from jobs.models import LeasedJob, State
from ml import language


class DirectState(models.TextChoices):
    """How far an upload is, as its sender sees it."""

    WAITING = "waiting"
    RECEIVING = "receiving"
    RECEIVED = "received"
    REFUSED = "refused"


class DirectUploadQuerySet(models.QuerySet["DirectUpload"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.SUBMIT_MEDIA
    ) -> DirectUploadQuerySet:
        """Nobody but its own sender, while the sender may send."""
        mine = self.filter(team_id__in=actor.team_ids(permission))
        mine = mine.filter(user=actor.user, service=actor.service)
        return mine.filter(Q(completed_at__isnull=False) | Q(expires_at__gt=Now()))

    def open(self) -> DirectUploadQuerySet:
        """Parts may still be sent."""
        return self.filter(state=State.QUEUED, completed_at__isnull=True)


class DirectUpload(LeasedJob):
    """The job is due when the sender says that the upload is complete, and then receives it; or
    when it expires, and then ends it. Done: it became a submission. Rejected: the reason says why
    it did not."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(
        "accounts.ServiceAccount", null=True, on_delete=models.CASCADE, related_name="+"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    api_key = models.ForeignKey(
        "accounts.ApiKey",
        null=True,
        on_delete=models.SET_NULL,
        db_index=False,
        related_name="+",
        help_text="Under whose quota it counts.",
    )
    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255, blank=True, default="", help_text="Idempotency-Key.")
    fingerprint = models.CharField(max_length=64)
    length = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True, default="", help_text="As announced.")
    words = models.JSONField(default=dict, help_text="File name, note and so on, as they came.")
    store_upload = models.TextField(help_text="What the bucket calls it.")
    part_size = models.PositiveBigIntegerField()
    etags = models.JSONField(
        default=list, help_text="Of the parts, in their order, as the upload was completed."
    )
    completed_at = models.DateTimeField(null=True, help_text="When its sender said so.")
    expires_at = models.DateTimeField()
    submission = models.ForeignKey(
        "submissions.Submission", null=True, on_delete=models.CASCADE, related_name="+"
    )

    objects = DirectUploadQuerySet.as_manager()

    class Meta(LeasedJob.Meta):
        constraints = [
            *LeasedJob.Meta.constraints,
            models.CheckConstraint(
                name="direct_upload_has_one_sender",
                condition=Q(user__isnull=True) ^ Q(service__isnull=True),
            ),
            models.CheckConstraint(
                name="direct_upload_has_bytes", condition=Q(length__gt=0, part_size__gt=0)
            ),
            models.CheckConstraint(
                name="direct_upload_received_is_a_submission",
                condition=Q(state=State.DONE, submission__isnull=False,
                            completed_at__isnull=False)
                | (~Q(state=State.DONE) & Q(submission__isnull=True)),
            ),
            models.UniqueConstraint(
                fields=["caller", "key"], condition=Q(key__gt=""),
                name="one_direct_upload_a_caller_and_key",
            ),
        ]  # fmt: skip
        indexes = [
            *LeasedJob.Meta.indexes,
            models.Index(F("finished_at"), name="direct_upload_age"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.state}"

    @property
    def name(self) -> str:
        """The key of the object in quarantine."""
        return str(self.pk)

    @property
    def sizes(self) -> list[int]:
        return quarantine.sizes(self.length, self.part_size)

    @property
    def public_state(self) -> DirectState:
        if self.completed_at is None:
            return DirectState.WAITING
        if self.state in (State.QUEUED, State.RUNNING):
            return DirectState.RECEIVING
        return DirectState.RECEIVED if self.state == State.DONE else DirectState.REFUSED

    @property
    def reason_in_words(self) -> str:
        """The row keeps a code and data; readers get a sentence in their language."""
        if self.reason_code not in CATALOGUE:
            return language.reason(self.state, self.reason_code, self.reason)
        data: dict[str, Any] = json.loads(self.reason) if self.reason.startswith("{") else {}
        return Refusal(self.reason_code, **data).sentence
