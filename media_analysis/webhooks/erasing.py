"""The deliveries about one submission, sent or waiting; they are erased with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from media_analysis.webhooks.models import Attempt, Delivery, Event


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    return [
        Attempt.objects.filter(delivery__event__submission=submission),
        Delivery.objects.filter(event__submission=submission),
        Event.objects.filter(submission=submission),
    ]


def remove_text(submission: UUID) -> int:
    """Bodies that were sent contain its name, so they are deleted completely."""
    return sum(found.delete()[0] for found in rows_of(submission))
