"""Counts a backfill's files by state, and its events."""

from __future__ import annotations

from audit.models import Event
from media_analysis.backfill.models import Backfill


def items(run: Backfill) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in run.items.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def verbs(run: Backfill) -> list[str]:
    return list(
        Event.objects.filter(object_id=str(run.pk)).order_by("pk").values_list("verb", flat=True)
    )
