"""The history: filters, orders and keyset paging, always from `for_actor`.

Filters and orders read the index cards, searches the search texts; the database maintains both.
Each team is queried separately and the answers are merged, because only then does an index provide
the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.db.models import (
    F,
    Field,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
)
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.models import Team
from accounts.prepared import Prepared, any_of
from accounts.roles import Permission
from media_analysis.submissions import languages
from media_analysis.submissions.models import CheckCard, IndexCard, SearchText, Submission
from media_analysis.submissions.search import cursors, query

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PAGE_SIZE = 50
BATCH = 500
SHOWN = ("analysis", "blob", "team", "submitted_by", "submitted_by_service")
FEW = 2000
FEW_SAID = 10_000
"""Words have no order to walk along: it pays to look up and sort far more of what they find."""
NARROWING = (
    "outcome", "decision", "state", "kind", "received_from", "received_to", "updated_since",
)  # fmt: skip
"""Filters of which no index keeps the order of names or sizes."""
FILTERS = (*NARROWING, "q", "team", "detector", "ids", "external_id", "language")


@dataclass(frozen=True)
class Order:
    field: str
    descending: bool
    label: StrOrPromise


ORDERS = {
    "newest": Order("received_at", True, _("Newest first")),
    "oldest": Order("received_at", False, _("Oldest first")),
    "name": Order("name", False, _("Name, A to Z")),
    "name_last": Order("name", True, _("Name, Z to A")),
    "largest": Order("size", True, _("Largest first")),
    "smallest": Order("size", False, _("Smallest first")),
    "updated": Order("updated_at", True, _("Last changed first")),
    "updated_last": Order("updated_at", False, _("Last changed at the end")),
}


@dataclass(frozen=True)
class Page:
    rows: Sequence[Any]
    """Submissions, or of each only what was asked for."""
    newer: str | None
    """Towards the beginning of the list, whatever its order."""
    older: str | None


def matching(
    actor: Actor,
    wanted: Mapping[str, Any],
    permission: Permission = Permission.VIEW_SUBMISSIONS,
) -> QuerySet[Any]:
    """The cards of what the actor may see of what was asked for, or their check cards where a
    check was asked for; an unknown filter never widens the answer."""
    found: QuerySet[Any]
    if wanted.get("detector"):
        found = CheckCard.objects.for_actor(actor, permission).filter(tag=_check(wanted))
    else:
        found = IndexCard.objects.for_actor(actor, permission)
    at = _way(wanted)
    for name in ("outcome", "decision", "state", "kind"):
        if wanted.get(name):
            found = found.filter(**{f"{at}{name}": wanted[name]})
    if wanted.get("team"):
        found = found.filter(team=wanted["team"])
    if first := wanted.get("received_from"):
        found = found.filter(received_at__gte=_moment(first, time.min))
    if last := wanted.get("received_to"):
        found = found.filter(received_at__lte=_moment(last, time.max))
    if since := wanted.get("updated_since"):
        found = found.filter(**{f"{at}updated_at__gte": since})
    if ids := wanted.get("ids"):
        found = found.filter(**{f"{at}submission__in": ids})
    if external_id := wanted.get("external_id"):
        found = found.filter(**{f"{at}submission__external_id": external_id})
    if language := wanted.get("language"):
        found = found.filter(languages.fits([language], f"{at}submission__language"))
    if text := (wanted.get("q") or "").strip():
        found = found.filter(query.containing(text, f"{at}submission__search_text__"))
    return found


def _moment(day: date, edge: time) -> datetime:
    """A day means its first or its last moment."""
    return day if isinstance(day, datetime) else datetime.combine(day, edge, UTC)


def _check(wanted: Mapping[str, Any]) -> str:
    return f"{wanted['detector']}:{wanted.get('check') or 'ran'}"


def _way(wanted: Mapping[str, Any]) -> str:
    """From what is asked to the card, which alone has kind, state, outcome and decision."""
    return "card__" if wanted.get("detector") else ""


def page(
    actor: Actor,
    wanted: Mapping[str, Any],
    cursor: str | None = None,
    size: int | None = None,
    permission: Permission = Permission.VIEW_SUBMISSIONS,
    columns: Sequence[str] = (),
) -> Page:
    """The cursor names a place between two rows, so that new arrivals shift nothing. With
    `columns`, the id among them, each row is a dict of these alone: that costs half as much."""
    size = size or PAGE_SIZE
    name = wanted.get("sort") or "newest"
    order = ORDERS[name]
    place = cursors.read(cursor, name)
    backwards = place is not None and place.towards_first
    if place is None and _in_one_team(actor) and not any(wanted.get(n) for n in FILTERS):
        cards = _FIRST(actor, permission, name, size + 1)
    else:
        parts = _parts(actor, wanted, order, permission)
        cards = _cards(parts, order, place, size + 1)
    more, cards = len(cards) > size, cards[:size]
    if backwards:
        cards.reverse()
    has_newer = more if backwards else place is not None
    has_older = True if backwards else more
    return Page(
        _rows(actor, [pk for _, pk in cards], permission, columns),
        newer=cursors.write(name, *cards[0], towards_first=True) if cards and has_newer else None,
        older=cursors.write(name, *cards[-1], towards_first=False) if cards and has_older else None,
    )


def _in_one_team(actor: Actor) -> bool:
    return len(actor.teams) == 1 and not actor.is_site_admin


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


def _parts(
    actor: Actor, wanted: Mapping[str, Any], order: Order, permission: Permission
) -> list[QuerySet[Any]]:
    """What is asked, in parts that each give their first rows quickly: `value` in the order
    asked for, and `item`, the submission.

    The database guesses how rare a thing is from each column by itself. A team that never sends
    sound, in the order of names, would have it walk through all of the team's names to show an
    empty page. Here it is looked, not guessed: what is few is sorted, and what is not few is soon
    found by walking.
    """
    key = "pk" if not wanted.get("detector") else "card"
    if (named := _named_few(actor, wanted, permission)) is not None:
        found = matching(actor, wanted, permission).filter(**{f"{key}__in": named})
        return [_sorted(found, wanted, order)]
    if (matches := _containing_few(wanted)) is not None:
        others = {name: value for name, value in wanted.items() if name != "q"}
        found = matching(actor, others, permission).filter(**{f"{key}__in": matches})
        return [_sorted(found, wanted, order)]
    found, teams = matching(actor, wanted, permission), actor.team_ids(permission)
    if one := wanted.get("team"):
        teams = [team for team in teams if team == getattr(one, "pk", one)]
    narrows = any(wanted.get(name) for name in NARROWING)
    if order.field == "received_at" or not narrows:
        return [_walked(found.filter(team=team), wanted, order) for team in teams]
    many = _with_many(found, teams)
    few = [team for team in teams if team not in many]
    parts = [_walked(found.filter(team=team), wanted, order) for team in sorted(many)]
    return [*parts, _sorted(found.filter(team__in=few), wanted, order)] if few else parts


def _containing_few(wanted: Mapping[str, Any]) -> Sequence[UUID] | None:
    """All submissions in which the words stand, when they are few."""
    if not (text := (wanted.get("q") or "").strip()):
        return None
    met = SearchText.objects.filter(query.containing(text, ""))
    found = list(met.values_list("submission_id", flat=True)[: FEW_SAID + 1])
    return found if len(found) <= FEW_SAID else None


def _named_few(
    actor: Actor, wanted: Mapping[str, Any], permission: Permission
) -> Sequence[UUID] | None:
    """The submissions that were asked for by name or language, when they are few."""
    if ids := wanted.get("ids"):
        return list(ids)
    mine = Submission.objects.for_actor(actor, permission)
    if external_id := wanted.get("external_id"):
        mine = mine.filter(external_id=external_id)
    elif language := wanted.get("language"):
        # The index has no empty ones, and is only asked where the condition says so.
        mine = mine.exclude(language="").filter(languages.fits([language]))
    else:
        return None
    found = list(mine.order_by().values_list("pk", flat=True)[: FEW_SAID + 1])
    return found if len(found) <= FEW_SAID else None


def _with_many(found: QuerySet[Any], teams: Sequence[UUID]) -> set[UUID]:
    """The teams in which there are more than a few, looked up along the index of time."""
    of_team = found.filter(team=OuterRef("pk")).order_by("received_at")
    beyond = Subquery(of_team.values("received_at")[FEW : FEW + 1])
    looked = Team.objects.filter(pk__in=teams).alias(beyond=beyond)
    return set(looked.filter(beyond__isnull=False).values_list("pk", flat=True))


def _walked(found: QuerySet[Any], wanted: Mapping[str, Any], order: Order) -> QuerySet[Any]:
    """In the order of an index."""
    return _placed(found, wanted, F(_field(wanted, order)))


def _field(wanted: Mapping[str, Any], order: Order) -> str:
    """The row of a check has no time of change of its own."""
    way = _way(wanted) if order.field == "updated_at" else ""
    return f"{way}{order.field}"


def _sorted(found: QuerySet[Any], wanted: Mapping[str, Any], order: Order) -> QuerySet[Any]:
    """By a value that is the same and that no index knows: all is read, then sorted."""
    same = {"received_at": "(%(expressions)s + interval '0')", "name": "(%(expressions)s || '')",
            "updated_at": "(%(expressions)s + interval '0')",
            "size": "(%(expressions)s + 0)"}[order.field]  # fmt: skip
    kind = cast("type[Field[Any, Any]]", type(IndexCard._meta.get_field(order.field)))
    return _placed(
        found, wanted, Func(F(_field(wanted, order)), template=same, output_field=kind())
    )


def _placed(found: QuerySet[Any], wanted: Mapping[str, Any], value: Any) -> QuerySet[Any]:
    item = "card_id" if wanted.get("detector") else "submission_id"
    placed: QuerySet[Any] = found.annotate(value=value, item=F(item)).values_list("value", "item")
    return placed


_FIRST = Prepared(
    lambda actor, permission, order, most: _ordered(
        _walked(matching(actor, {}, permission), {}, ORDERS[order]), ORDERS[order].descending
    )[:most]
)
"""The beginning of all that there is: what most requests ask for."""


def _ordered(found: QuerySet[Any], descending: bool) -> QuerySet[Any]:
    sign = "-" if descending else ""
    return found.order_by(f"{sign}value", f"{sign}item")


def _cards(
    parts: Sequence[QuerySet[Any]], order: Order, place: cursors.CursorPosition | None, most: int
) -> list[tuple[Any, UUID]]:
    backwards = place is not None and place.towards_first
    sign = "-" if order.descending != backwards else ""
    ordering = [f"{sign}value", f"{sign}item"]
    beyond = _beyond(place, "lt" if sign else "gt") if place else Q()
    first = [part.filter(beyond).order_by(*ordering)[:most] for part in parts]
    if not first:
        return []
    if len(first) == 1:
        return list(first[0])
    return list(first[0].union(*first[1:], all=True).order_by(*ordering)[:most])


def _beyond(place: cursors.CursorPosition, side: str) -> Q:
    """The first condition alone bounds the index; the others decide between equals."""
    return Q(**{f"value__{side}e": place.value}) & (
        Q(**{f"value__{side}": place.value}) | Q(**{f"item__{side}": place.pk})
    )


def _rows(
    actor: Actor, ids: Sequence[UUID], permission: Permission, columns: Sequence[str]
) -> list[Any]:
    if not ids:
        return []
    found = _OF_IDS(actor, permission, tuple(columns), ids=list(ids))
    rows = {row["id"] if columns else row.pk: row for row in found}
    return [rows[pk] for pk in ids if pk in rows]


def _of_ids(
    actor: Actor, permission: Permission, columns: Sequence[str], *, ids: Sequence[UUID]
) -> QuerySet[Any]:
    found: QuerySet[Any] = (
        Submission.objects.for_actor(actor, permission)
        .with_deletion_requests()
        .with_decisions()
        .filter(any_of("pk", ids, UUIDField))
        .order_by()
    )
    found = found.exclude(planted=True, case__state="decided")  # answered golden cases
    if columns:
        return found.values(*columns)
    return found.select_related(*SHOWN).defer("analysis__result", "analysis__media")


_OF_IDS = Prepared(_of_ids)
