"""Compares the rows of one submission with the events of its chain, for a page.

A fixed number of queries: one for each kind of row, however many rows there are.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from . import rows
from .comparing import Comparer, Difference
from .models import Event

SPEAKS_OF_ROWS = "position('\"rows\":'::bytea in payload) > 0"
"""As the index says it, so that PostgreSQL takes the index."""


@dataclass(frozen=True, slots=True)
class Beside:
    rows: int
    first: Difference | None


def beside(chain: uuid.UUID, events: Sequence[Event], also: Iterable[rows.Row] = ()) -> Beside:
    """`events` are all of the chain, in order; `also` are rows that other chains speak of."""
    others = [row if isinstance(row, tuple) else (type(row), row.pk) for row in also]
    comparer = Comparer()
    for event in [*about(others), *events]:
        add_event(comparer, event)
    count = 0
    for table in rows.tables():
        own = [pk for model, pk in others if model is table.model]
        if not table.of_chain and not own:
            continue
        where: dict[str, Any] = {"pk__in": own} if own else {table.of_chain: chain}
        for line in rows.lines_of(table, table.all().filter(table.only, **where).order_by("pk")):
            count += 1
            if found := comparer.compare(line):
                return Beside(count, found)
    return Beside(count, next(comparer.missing(), None))


def add_event(comparer: Comparer, event: Event) -> None:
    """An unreadable event contains nothing to compare. That it was altered is reported
    elsewhere."""
    try:
        comparer.add(event.pk, json.loads(bytes(event.payload)))
    except (ValueError, AttributeError, KeyError, TypeError):
        return


def about(wanted: Iterable[tuple[Any, Any]]) -> list[Event]:
    """The last event that speaks of each of these rows, found by the index."""
    keys = [rows.key(model._meta.db_table, pk) for model, pk in wanted]
    return last_about(keys)


def last_about(keys: Sequence[str]) -> list[Event]:
    if not keys:
        return []
    statement = (
        "SELECT * FROM audit_event WHERE id IN ("  # noqa: S608 - a constant of this file
        "SELECT max(e.id) FROM (SELECT id, unnest(audit_rows(payload)) AS key FROM audit_event "
        f"WHERE audit_rows(payload) && %s AND {SPEAKS_OF_ROWS}) e "
        "WHERE e.key = ANY(%s) GROUP BY e.key) ORDER BY id"
    )
    return list(Event.objects.raw(statement, [list(keys), list(keys)]))
