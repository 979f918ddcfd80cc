"""How far batches are: as many of their items are in each state."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from jobs.models import UNDER_WAY, State
from media_analysis.batches.models import Batch, BatchItem, ItemState


def of(batches: Collection[UUID]) -> Mapping[UUID, Mapping[str, int]]:
    """By batch; counted by the database, for a batch can have a thousand items. `analysed` counts
    those received whose analysis has ended."""
    if not batches:
        return {}
    waits, received = Q(state__in=UNDER_WAY), Q(state=State.DONE)
    ended = Q(submission__isnull=False) & ~Q(submission__analysis__state__in=UNDER_WAY)
    wanted = {
        ItemState.WAITING.value: waits,
        ItemState.RECEIVED.value: received,
        ItemState.REFUSED.value: ~waits & ~received,
        "analysed": ended,
    }
    counts: dict[str, Any] = {name: Count("pk", filter=one) for name, one in wanted.items()}
    items = BatchItem.objects.filter(batch__in=batches).order_by()
    found = items.values("batch").annotate(**counts).values_list("batch", *wanted)
    none = {batch: dict.fromkeys(wanted, 0) for batch in batches}  # an erasure takes items too
    return none | {batch: dict(zip(wanted, numbers, strict=True)) for batch, *numbers in found}


def versions(batches: Collection[UUID]) -> Iterator[tuple[UUID, str]]:
    """What each is like now, in a word that changes with it."""
    counts = of(batches)
    for pk, completed in Batch.objects.filter(pk__in=batches).values_list("pk", "completed_at"):
        yield pk, f"{counts.get(pk)} {completed}"
