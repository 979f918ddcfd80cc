"""A job is a row with a lease and a fence; the models that are jobs inherit from it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from jobs.moves import GUARD, UNDER_WAY, Priority, State, constraints, indexes

__all__ = ["UNDER_WAY", "LeasedJob", "Priority", "RefusedWrite", "State", "WorkerHeartbeat"]


class LeasedJob(models.Model):
    """Times are the database's. `class Meta(LeasedJob.Meta)` in every child, or the walls fall."""

    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.INTERACTIVE)
    flow = models.CharField(
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="Who queued it. The rows of one flow wait for each other, not other flows' rows.",
    )
    weight = models.SmallIntegerField(
        default=1, db_default=1, help_text="How many turns its flow gets for one of another flow."
    )
    turn_at = models.DateTimeField(
        db_default=Now(),
        editable=False,
        help_text="Set by the database: arrival, priority, and the flow's own queue.",
    )
    attempt = models.PositiveSmallIntegerField(default=0, help_text="Claims since it was queued.")
    crashes = models.PositiveSmallIntegerField(
        default=0, help_text="How often its worker or its child process died of it."
    )
    fence = models.BigIntegerField(default=0, help_text="Grows with every claim and never falls.")
    lease_until = models.DateTimeField(null=True, blank=True)
    available_at = models.DateTimeField(db_default=Now())
    rung_at = models.DateTimeField(db_default=Now(), help_text="When the bell was last rung.")
    worker = models.CharField(max_length=100, blank=True, default="")
    progress = models.FloatField(default=0.0)
    stage = models.CharField(max_length=100, blank=True, default="")
    reason_code = models.CharField(max_length=60, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints = constraints()
        indexes = indexes()
        triggers: ClassVar = [GUARD]


class RefusedWrite(models.Model):
    """A worker that had lost its lease tried to write. To count them shows the fence at work."""

    label = models.CharField(max_length=100)
    object_id = models.CharField(max_length=64)
    fence = models.BigIntegerField()
    worker = models.CharField(max_length=100)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["at"], name="jobs_refused_at_idx")]

    def __str__(self) -> str:
        return f"{self.label} {self.object_id}: fence {self.fence} of {self.worker} came too late"


class WorkerHeartbeat(models.Model):
    """One process of a worker. Alive means a lease renewed or a reconcile done, not a ping."""

    name = models.CharField(max_length=100, primary_key=True)
    host = models.CharField(max_length=100, db_index=True)
    kind = models.CharField(max_length=10)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    lease_renewed_at = models.DateTimeField(null=True)
    reconciled_at = models.DateTimeField(null=True)
    paused_since = models.DateTimeField(null=True)
    paused_for = models.CharField(max_length=60, blank=True, default="")

    def __str__(self) -> str:
        return self.name
