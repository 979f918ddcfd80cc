"""The services of the record: write an event, write several in one transaction, and name a
chain."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from .models import Event
from .payload import payload
from .rows import Row, stated
from .verbs import Verb
from .who import Who

_SITE = uuid.UUID("6f2d7f0e-6f0b-5b0a-9d3e-70c5a0a5d1a7")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event about to be recorded."""

    chain: uuid.UUID
    verb: Verb
    who: Who
    object_type: str
    object_id: str
    object_sha256: str = ""
    why: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    """The rows that this event wrote, or that are gone since (`rows.py`)."""


def site_chain(name: str) -> uuid.UUID:
    """The chain of things that belong to no submission: `accounts`, `team:<id>`, `blobs`."""
    return uuid.uuid5(_SITE, name)


def record(
    *,
    chain: uuid.UUID,
    verb: Verb,
    who: Who,
    object_type: str,
    object_id: str | uuid.UUID,
    object_sha256: str = "",
    why: str = "",
    data: Mapping[str, Any] | None = None,
    rows: Sequence[Row] = (),
) -> Event:
    """Append one event to its chain, in the caller's transaction: both happen or neither.

    `rows` are the working rows that the caller has written, already saved: the event holds what
    they say, and verification compares.

    Locks the chain until that transaction ends. For events in more than one chain take
    `record_many`, which locks them in an order that cannot deadlock.
    """
    return _append(
        Entry(
            chain=chain,
            verb=verb,
            who=who,
            object_type=object_type,
            object_id=str(object_id),
            object_sha256=object_sha256,
            why=why,
            data=data or {},
            rows=rows,
        )
    )


def record_many(entries: Iterable[Entry]) -> list[Event]:
    """Append several events; within one chain they keep the order given."""
    return [_append(entry) for entry in sorted(entries, key=lambda entry: entry.chain)]


def _append(entry: Entry) -> Event:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "audit.record must run in the transaction whose change it records."
        )
    content = payload(
        verb=entry.verb,
        who=entry.who,
        object_type=entry.object_type,
        object_id=entry.object_id,
        object_sha256=entry.object_sha256,
        why=entry.why,
        data=entry.data,
        rows=stated(entry.rows) if entry.rows else None,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, seq, prev_hash, hash, xid, recorded_at FROM audit_append(%s, %s)",
            [entry.chain, content],
        )
        id_, seq, prev_hash, hash_, xid, recorded_at = cursor.fetchone()
    return Event(
        id=id_,
        chain=entry.chain,
        seq=seq,
        prev_hash=bytes(prev_hash),
        hash=bytes(hash_),
        payload=content,
        xid=int(xid),
        recorded_at=recorded_at,
        verb=entry.verb.value,
        who=entry.who.ref,
        object_type=entry.object_type,
        object_id=entry.object_id,
    )
