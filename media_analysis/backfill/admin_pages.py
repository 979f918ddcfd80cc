"""Events of a backfill lead to its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest

from accounts.actors import actor_of
from audit import admin_pages
from audit.models import Event
from media_analysis.backfill.models import Backfill


def register() -> None:
    admin_pages.register(Event, of_events)


def of_events(request: HttpRequest, rows: Sequence[Event]) -> Mapping[Any, str]:
    visible = Backfill.objects.for_actor(actor_of(request))
    return admin_pages.of_objects(rows, "backfill", visible, "backfill:detail")
