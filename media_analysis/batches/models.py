"""Batches: media that Touchstone fetches from addresses, and from which hosts a team allows it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.roles import Permission
from jobs.models import UNDER_WAY, LeasedJob, State
from media_analysis.batches import reasons
from media_analysis.batches.bucket_models import BucketObject as BucketObject


class SourceQuerySet(models.QuerySet["Source"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.MANAGE_SOURCES
    ) -> SourceQuerySet:
        return self.filter(team_id__in=actor.team_ids(permission))


class Source(models.Model):
    """A host that a team allows. A team without one fetches nothing."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    host = models.CharField(
        max_length=255, help_text="media.example.com, or *.example.com for every name below it."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SourceQuerySet.as_manager()

    class Meta:
        ordering = ["host"]
        constraints = [models.UniqueConstraint(fields=["team", "host"], name="source_named_once")]

    def __str__(self) -> str:
        return self.host


class BatchQuerySet(models.QuerySet["Batch"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.SUBMIT_MEDIA
    ) -> BatchQuerySet:
        """A key sees its own partner's batches."""
        mine = self.filter(team_id__in=actor.team_ids(permission))
        return mine.filter(service=actor.service) if actor.service else mine


class Batch(models.Model):
    """Up to a thousand addresses that were sent together."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    service = models.ForeignKey(
        "accounts.ServiceAccount",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    api_key = models.ForeignKey(
        "accounts.ApiKey",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_index=False,
        related_name="+",
        help_text="Under whose quota its items count.",
    )
    external_id = models.CharField(max_length=200, blank=True, default="")
    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255, blank=True, default="", help_text="Idempotency-Key.")
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    completed_at = models.DateTimeField(
        null=True, help_text="Every item was refused, or its analysis has ended."
    )

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["team", "-created_at", "-id"], name="batch_newest_first")]
        constraints = [
            models.UniqueConstraint(
                fields=["caller", "key"], condition=~Q(key=""), name="one_batch_a_caller_and_key"
            )
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class ItemState(models.TextChoices):
    """The state of an item as its sender sees it."""

    WAITING = "waiting"
    RECEIVED = "received"
    REFUSED = "refused"


class BatchItem(LeasedJob):
    """One address. Done: it became a submission. Rejected: the reason says why it did not."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField()
    sealed_url = models.TextField(
        blank=True, help_text="Encrypted, for it may hold a token; emptied when the item ends."
    )
    host = models.CharField(max_length=255)
    filename = models.CharField(max_length=255, blank=True)
    external_id = models.CharField(max_length=200, blank=True, default="")
    note = models.TextField(max_length=4000, blank=True, default="")
    policy_context = models.CharField(max_length=200, blank=True, default="")
    language = models.CharField(max_length=35, blank=True, default="", db_default="")
    tries = models.PositiveSmallIntegerField(default=0)
    submission = models.ForeignKey(
        "submissions.Submission", null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta(LeasedJob.Meta):
        ordering = ["position"]
        constraints = [
            *LeasedJob.Meta.constraints,
            models.UniqueConstraint(fields=["batch", "position"], name="item_has_its_place"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}, {self.position}: {self.state}"

    @property
    def public_state(self) -> ItemState:
        if self.state in UNDER_WAY:
            return ItemState.WAITING
        return ItemState.RECEIVED if self.state == State.DONE else ItemState.REFUSED

    @property
    def reason_in_words(self) -> str:
        return reasons.sentence(self.state, self.reason_code, self.reason)
