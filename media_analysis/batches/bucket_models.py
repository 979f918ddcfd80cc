"""Objects of somebody's bucket, and what became of each."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import ServiceAccount


class BucketObject(models.Model):
    """One object for one partner, with the bytes that it had. The row is written with the
    submission, so the object becomes one submission at most, however often it is listed or
    notified. The row stays when the submission is erased, so erased media is not taken again."""

    service = models.ForeignKey(ServiceAccount, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    """SHA-256 of bucket, key and version. The name itself may speak of a person."""
    submission = models.UUIDField(null=True)
    """Its id alone, which outlives it."""
    refused = models.CharField(max_length=64, blank=True, default="")
    """The code of the refusal."""
    ended_at = models.DateTimeField(null=True)
    """Submitted or refused: it is not tried again."""
    tagged = models.BooleanField(default=False)
    busy_until = models.DateTimeField(null=True)
    holder = models.UUIDField(null=True)
    """Which attempt has the row: one that lost it writes nothing."""
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "digest"], name="one_row_an_object"),
            models.CheckConstraint(
                condition=Q(ended_at=None, submission=None, refused="")
                | Q(ended_at__isnull=False, busy_until=None),
                name="bucket_object_is_open_or_ended",
            ),
        ]

    def __str__(self) -> str:
        return self.digest[:12]
