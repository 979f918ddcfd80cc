"""Deliveries to an endpoint and their results, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from accounts.actors import Actor
from media_analysis.webhooks.models import Delivery, Endpoint

PAGE = 50


@dataclass(frozen=True)
class Page:
    rows: list[Delivery]
    last: Delivery | None
    """The row after which older ones follow; None when there are none."""


def of(actor: Actor) -> Any:
    """With all that is shown of each."""
    mine = Delivery.objects.for_actor(actor)
    return mine.select_related("event", "endpoint").prefetch_related("attempts")


def page(actor: Actor, endpoint: Endpoint, *, state: str = "", after: Delivery | None) -> Page:
    found = of(actor).filter(endpoint=endpoint)
    if state:
        found = found.filter(state=state)
    if after is not None:
        same = Q(created_at=after.created_at, pk__lt=after.pk)
        found = found.filter(Q(created_at__lt=after.created_at) | same)
    rows = list(found.order_by("-created_at", "-id")[: PAGE + 1])
    return Page(rows[:PAGE], rows[PAGE - 1] if len(rows) > PAGE else None)
