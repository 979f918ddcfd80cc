"""Events of a backfill lead to its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.actors import actor_of
from audit import admin_pages
from audit.models import Event
from media_analysis.backfill.models import Backfill


def register() -> None:
    admin_pages.register(Event, of_events)


def of_events(request: HttpRequest, rows: Sequence[Event]) -> Mapping[Any, str]:
    named = {row.pk: row.object_id for row in rows if row.object_type == "backfill"}
    if not named:
        return {}
    visible = Backfill.objects.for_actor(actor_of(request)).filter(pk__in=set(named.values()))
    known = {str(pk) for pk in visible.values_list("pk", flat=True)}
    return {
        event: reverse("backfill:detail", args=[run])
        for event, run in named.items()
        if run in known
    }
