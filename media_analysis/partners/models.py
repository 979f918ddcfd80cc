"""Requests that a partner may repeat without doing the thing twice."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class IdempotentRequest(models.Model):
    """One `Idempotency-Key` of one caller. The answer is written with what it answers for."""

    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    submission = models.ForeignKey(
        "submissions.Submission", null=True, on_delete=models.CASCADE, related_name="+"
    )
    busy_until = models.DateTimeField(null=True)
    holder = models.UUIDField(null=True)
    """The attempt that owns the row. An attempt that lost it neither answers nor releases it."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="idempotent_request_age")]
        constraints = [
            models.UniqueConstraint(fields=["caller", "key"], name="one_request_a_caller_and_key"),
            models.CheckConstraint(
                name="idempotent_request_is_busy_or_answered",
                condition=Q(submission__isnull=True) | Q(busy_until__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"


class Allowance(models.Model):
    """How many requests a caller has made since its window began. Written with every request and
    worth nothing after a crash, so the table is unlogged."""

    caller = models.CharField(max_length=120, primary_key=True)
    since = models.DateTimeField()
    used = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.caller}: {self.used}"
