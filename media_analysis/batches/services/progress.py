"""How far batches are: as many of their items are in each state."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from uuid import UUID

from django.db.models import Count, Q

from jobs.models import UNDER_WAY, State
from media_analysis.batches.models import Batch, BatchItem, ItemState


def of(batches: Collection[UUID]) -> Mapping[UUID, Mapping[str, int]]:
    """By batch; counted by the database, for a batch can have a thousand items. `analysed` counts
    those received whose analysis has ended."""
    if not batches:
        return {}
    waits = Q(state__in=UNDER_WAY)
    received = Q(state=State.DONE)
    ended = Q(submission__isnull=False) & ~Q(submission__analysis__state__in=UNDER_WAY)
    found = (
        BatchItem.objects.filter(batch__in=batches)
        .order_by()
        .values("batch")
        .annotate(
            **{
                ItemState.WAITING.value: Count("pk", filter=waits),
                ItemState.RECEIVED.value: Count("pk", filter=received),
                ItemState.REFUSED.value: Count("pk", filter=~waits & ~received),
                "analysed": Count("pk", filter=ended),
            }
        )
    )
    return {counts.pop("batch"): counts for counts in found}


def versions(batches: Collection[UUID]) -> Iterator[tuple[UUID, str]]:
    """What each is like now, in a word that changes with it."""
    counts = of(batches)
    for pk, completed in Batch.objects.filter(pk__in=batches).values_list("pk", "completed_at"):
        yield pk, f"{counts.get(pk)} {completed}"
