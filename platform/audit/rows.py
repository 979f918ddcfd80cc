"""The registry of working rows that events describe.

An event that writes a row holds the row's new content (`rows` in its payload). Each app registers
its tables here. Verification reads the rows again and compares.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models

from . import subject_keys
from .hashing import microseconds

Facts = dict[str, Any]
Row = models.Model | tuple[type[models.Model], Any]
"""A row, or the model and key of one that may be gone."""
Rows = Sequence[Any]


@dataclass(frozen=True, kw_only=True)
class OnRecord:
    """One table whose rows events speak of."""

    model: type[models.Model]
    columns: tuple[str, ...] = ()
    """Stated as they are: keys, flags, numbers, times."""
    texts: tuple[str, ...] = ()
    """Stated by their SHA-256."""
    words: tuple[str, ...] = ()
    """Personal text: stated by a keyed hash that dies with its subject's key."""
    subject: Callable[[Any], uuid.UUID] | None = None
    related: tuple[str, ...] = ()
    only: models.Q = field(default_factory=models.Q)
    """Which rows must be on record."""
    of_chain: str = ""
    """The lookup from a row to the id of the submission whose chain speaks of it."""
    more: Callable[[Rows], Mapping[Any, Facts]] | None = None
    """Further facts of some rows at once."""
    faults: Callable[[Rows], Mapping[Any, str]] | None = None
    """What is wrong with some rows that no event is needed to tell."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """Further tables that facts or faults are read from, and their column that names the row."""
    chunk: int = 1000

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    def all(self) -> models.QuerySet[Any]:
        manager: models.Manager[Any] = self.model._base_manager
        return manager.select_related(*self.related) if self.related else manager.all()


_tables: dict[type[models.Model], OnRecord] = {}


def register(*tables: OnRecord) -> None:
    _tables.update({table.model: table for table in tables})


def tables() -> Collection[OnRecord]:
    """In the order of their apps: what others point at comes first."""
    return _tables.values()


def key(table: str, pk: object) -> str:
    return f"{table}:{pk}"


def stated(rows: Iterable[Row]) -> dict[str, Facts | None]:
    """For an event that is about to be recorded: read back from the database, in the transaction
    that wrote them. None for a row that is gone."""
    wanted: dict[type[models.Model], list[Any]] = {}
    for row in rows:
        model, pk = row if isinstance(row, tuple) else (type(row), row.pk)
        wanted.setdefault(model, []).append(pk)
    by_key: dict[str, Facts | None] = {}
    for model, pks in wanted.items():
        table = _tables[model]
        by_key |= dict.fromkeys(key(table.table, pk) for pk in pks)
        found = list(table.all().filter(table.only, pk__in=pks))
        facts = facts_of(table, found, make_keys=True)
        by_key |= {key(table.table, pk): one for pk, one in facts.items()}
    return by_key


def facts_of(table: OnRecord, rows: Rows, *, make_keys: bool = False) -> dict[Any, Facts]:
    keys = _keys(table, rows, make_keys)
    more = table.more(rows) if table.more else {}
    return {
        row.pk: {
            **{name: _plain(getattr(row, name)) for name in table.columns},
            **{name: _digest(getattr(row, name)) for name in table.texts},
            **_words(table, row, keys),
            **more.get(row.pk, {}),
        }
        for row in rows
    }


def lines_of(table: OnRecord, rows: models.QuerySet[Any]) -> Iterator[dict[str, Any]]:
    """Rows as lines after the events, in the order of their keys, one chunk in memory at a time. By
    pages and not by a cursor, which Django omits behind a pooler (DATABASE_POOLED)."""
    rows, page = rows.order_by("pk"), rows.order_by("pk")
    while chunk := list(page[: table.chunk]):
        facts = facts_of(table, chunk)
        faults = table.faults(chunk) if table.faults else {}
        for row in chunk:
            line = {"t": "row", "table": table.table, "id": str(row.pk), "facts": facts[row.pk]}
            if table.subject and table.words:
                line["subject"] = str(table.subject(row))
            if row.pk in faults:
                line["fault"] = faults[row.pk]
            yield line
        if len(chunk) < table.chunk:
            return
        page = rows.filter(pk__gt=chunk[-1].pk)


def _keys(table: OnRecord, rows: Rows, make: bool) -> dict[uuid.UUID, bytes]:
    if table.subject is None or not table.words:
        return {}
    speaking = {
        table.subject(row) for row in rows if any(getattr(row, name) for name in table.words)
    }
    return subject_keys.keys_of(speaking, make=make)


def _words(table: OnRecord, row: Any, keys: Mapping[uuid.UUID, bytes]) -> Facts:
    """Empty for no words, None for words whose subject's key is gone."""
    if table.subject is None:
        return {}
    hashes: Facts = {}
    for name in table.words:
        text = getattr(row, name)
        own = keys.get(table.subject(row))
        where = f"{key(table.table, row.pk)}:{name}"
        hashes[name] = "" if not text else own and subject_keys.keyed_hash(own, where, text)
    return hashes


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return microseconds(value)
        case uuid.UUID():
            return str(value)
        case bytes() | memoryview():
            return bytes(value).hex()
        case list():
            return [_plain(item) for item in value]
    return value
