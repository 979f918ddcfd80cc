"""Finding submissions again: filters, orders and keyset paging, always from `for_actor`.

Filters and orders read the index cards, words the search texts; both are kept by the database.
Each team is asked by itself and the answers are merged: only so does an index give the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.actors import Actor
from accounts.roles import Permission
from media_analysis.submissions import cursors, words
from media_analysis.submissions.models import IndexCard, IndexCardQuerySet, Submission

PAGE_SIZE = 50
BATCH = 500


@dataclass(frozen=True)
class Order:
    field: str
    descending: bool
    label: str


ORDERS = {
    "newest": Order("received_at", True, "Newest first"),
    "oldest": Order("received_at", False, "Oldest first"),
    "name": Order("name", False, "Name, A to Z"),
    "name_last": Order("name", True, "Name, Z to A"),
    "largest": Order("size", True, "Largest first"),
    "smallest": Order("size", False, "Smallest first"),
}


@dataclass(frozen=True)
class Page:
    rows: Sequence[Submission]
    newer: str | None
    """Towards the beginning of the list, whatever its order."""
    older: str | None


def matching(
    actor: Actor,
    wanted: Mapping[str, Any],
    permission: Permission = Permission.VIEW_SUBMISSIONS,
) -> IndexCardQuerySet:
    """What the actor may see of what was asked for; an unknown filter never widens the answer."""
    found = IndexCard.objects.for_actor(actor, permission)
    for name in ("outcome", "state", "kind", "team"):
        if wanted.get(name):
            found = found.filter(**{name: wanted[name]})
    if wanted.get("detector"):
        found = found.filter(
            checks__contains=[f"{wanted['detector']}:{wanted.get('check') or 'ran'}"]
        )
    if first := wanted.get("received_from"):
        found = found.filter(received_at__gte=datetime.combine(first, time.min, UTC))
    if last := wanted.get("received_to"):
        found = found.filter(received_at__lte=datetime.combine(last, time.max, UTC))
    if asked := (wanted.get("q") or "").strip():
        found = found.filter(words.said_by(asked, "submission__search_text__"))
    return found


def page(
    actor: Actor,
    wanted: Mapping[str, Any],
    cursor: str | None = None,
    size: int | None = None,
    permission: Permission = Permission.VIEW_SUBMISSIONS,
) -> Page:
    """The cursor names a place between two rows, so that new arrivals shift nothing."""
    size = size or PAGE_SIZE
    name = wanted.get("sort") or "newest"
    order = ORDERS[name]
    place = cursors.read(cursor, name)
    backwards = place is not None and place.towards_first
    found, teams = matching(actor, wanted, permission), actor.team_ids(permission)
    cards = _cards(found, teams, order, place, size + 1)
    more, cards = len(cards) > size, cards[:size]
    if backwards:
        cards.reverse()
    has_newer = more if backwards else place is not None
    has_older = True if backwards else more
    return Page(
        _rows(actor, [pk for _, pk in cards], permission),
        newer=cursors.write(name, *cards[0], towards_first=True) if cards and has_newer else None,
        older=cursors.write(name, *cards[-1], towards_first=False) if cards and has_older else None,
    )


def walk(
    actor: Actor,
    wanted: Mapping[str, Any],
    permission: Permission = Permission.VIEW_SUBMISSIONS,
) -> Iterator[Submission]:
    """All of it, in bounded memory and without a long transaction."""
    cursor = None
    while True:
        batch = page(actor, wanted, cursor, BATCH, permission)
        yield from batch.rows
        if (cursor := batch.older) is None:
            return


def _cards(
    found: IndexCardQuerySet,
    teams: Sequence[UUID],
    order: Order,
    place: cursors.Place | None,
    most: int,
) -> list[tuple[Any, UUID]]:
    backwards = place is not None and place.towards_first
    sign = "-" if order.descending != backwards else ""
    ordering = [f"{sign}{order.field}", f"{sign}submission_id"]
    if place is not None:
        found = found.filter(_beyond(order.field, place, "lt" if sign else "gt"))
    parts = [
        found.filter(team=team).order_by(*ordering).values_list(order.field, "submission_id")[:most]
        for team in teams
    ]
    if not parts:
        return []
    if len(parts) == 1:
        return list(parts[0])
    return list(parts[0].union(*parts[1:], all=True).order_by(*ordering)[:most])


def _beyond(field: str, place: cursors.Place, side: str) -> Q:
    """The first condition alone bounds the index; the others decide between equals."""
    return Q(**{f"{field}__{side}e": place.value}) & (
        Q(**{f"{field}__{side}": place.value}) | Q(**{f"submission_id__{side}": place.pk})
    )


def _rows(actor: Actor, ids: Sequence[UUID], permission: Permission) -> list[Submission]:
    people = ("submitted_by", "submitted_by_service")
    rows = (
        Submission.objects.for_actor(actor, permission)
        .select_related("team", "analysis", "blob", *people)
        .prefetch_related("deletion_requests")
        .defer("analysis__result", "analysis__media")
        .in_bulk(ids)
    )
    return [rows[pk] for pk in ids if pk in rows]
