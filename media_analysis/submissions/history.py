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

from django.db.models import Q, QuerySet

from accounts.actors import Actor
from accounts.roles import Permission
from media_analysis.submissions import cursors, words
from media_analysis.submissions.models import (
    IndexCard,
    IndexCardQuerySet,
    SearchText,
    Submission,
)

PAGE_SIZE = 50
BATCH = 500
FEW = 5000
NARROWING = ("outcome", "state", "kind", "received_from", "received_to")


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
        found = found.filter(checks__contains=[_check(wanted)])
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
    if (said := _said_by_few(wanted)) is not None:
        found = found.filter(pk__in=said)
    parts = [_narrowed(found.filter(team=team), wanted, order) for team in teams]
    cards = _cards(parts, order, place, size + 1)
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


def _said_by_few(wanted: Mapping[str, Any]) -> Sequence[UUID] | None:
    """All submissions in which the words stand, when they are few."""
    if not (asked := (wanted.get("q") or "").strip()):
        return None
    met = SearchText.objects.filter(words.said_by(asked, ""))
    return _if_few(met.values_list("submission_id", flat=True))


def _narrowed(own: IndexCardQuerySet, wanted: Mapping[str, Any], order: Order) -> IndexCardQuerySet:
    """One team's cards; by their ids where the filters leave few and no index has the order.

    The database guesses how rare a thing is from each column by itself. A team that never sends
    sound, in the order of names, would have it walk through all of the team's names to show an
    empty page. Here it is looked, not guessed; and what is not few is soon found by walking.
    """
    by_time, by_check = order.field == "received_at", wanted.get("detector")
    if not by_check and (by_time or not any(wanted.get(name) for name in NARROWING)):
        return own
    looked = own if by_check else own.order_by("received_at", "submission_id")
    few = _if_few(looked.values_list("pk", flat=True))
    return own if few is None else IndexCard.objects.filter(pk__in=few)


def _if_few(ids: QuerySet[Any, UUID]) -> Sequence[UUID] | None:
    found = list(ids[: FEW + 1])
    return found if len(found) <= FEW else None


def _check(wanted: Mapping[str, Any]) -> str:
    return f"{wanted['detector']}:{wanted.get('check') or 'ran'}"


def _cards(
    teams: Sequence[IndexCardQuerySet], order: Order, place: cursors.Place | None, most: int
) -> list[tuple[Any, UUID]]:
    backwards = place is not None and place.towards_first
    sign = "-" if order.descending != backwards else ""
    ordering = [f"{sign}{order.field}", f"{sign}submission_id"]
    beyond = _beyond(order.field, place, "lt" if sign else "gt") if place else Q()
    parts = [
        cards.filter(beyond).order_by(*ordering).values_list(order.field, "submission_id")[:most]
        for cards in teams
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
