"""A batch is complete when each item was refused or its analysis has ended. The event is sent
once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from jobs.models import UNDER_WAY
from jobs.moves import SETTLED
from jobs.registry import Move
from media_analysis.batches import hooks
from media_analysis.batches.models import Batch, BatchItem
from ml.models import Analysis


def after_analysis(analysis: Analysis, *_: Any) -> None:
    for batch_id in BatchItem.objects.filter(submission__analysis=analysis).values_list(
        "batch_id", flat=True
    ):
        look(batch_id)


def after_move(move: Move) -> None:
    """The job layer parked an item."""
    if move.state in SETTLED:
        look(BatchItem.objects.values_list("batch_id", flat=True).get(pk=move.pk))


def look(batch_id: UUID) -> None:
    """The batch's lock makes the last two items look one after the other, so one sees the end."""
    batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch_id)
    if batch.completed_at is not None:
        return
    items = BatchItem.objects.filter(batch=batch)
    waits = Q(state__in=UNDER_WAY) | Q(submission__analysis__state__in=UNDER_WAY)
    if items.filter(waits).exists():
        return
    Batch.objects.filter(pk=batch_id, completed_at__isnull=True).update(completed_at=Now())
    batch.refresh_from_db()
    for hook in hooks.completed:
        hook(batch)
