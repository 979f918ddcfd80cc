"""The only way to delete final rows: an event that names each deleted row. It also deletes
thumbnails, findings and texts of a submission that is kept (`permit_part`).

`audit_erase` (migration 0005) writes the event and, for this transaction only, one permit for each
row that the event names. The triggers of final rows (`final.py`) require that permit. Nothing else
can write one, so verification finds a row that was deleted without an event.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models, transaction

from .payload import payload
from .rows import key
from .verbs import Verb
from .who import Who

Gone = tuple[type[models.Model], Sequence[Any]]
"""A model, and the keys of its rows that are about to be deleted."""


def permit(
    *,
    chain: uuid.UUID,
    who: Who,
    object_sha256: str,
    why: str,
    rows: Sequence[Gone],
    parts: Sequence[Gone],
    data: Mapping[str, Any],
) -> None:
    """Record that these rows of a submission are gone, and let the caller's transaction delete
    them. A row that stays all the same is a finding of the next verification.

    `rows` are of tables that events speak of; `parts` are final rows of other tables.
    """
    _erase(Verb.SUBMISSION_DELETED, chain, who, object_sha256, why, rows, parts, data)


def permit_part(
    *,
    chain: uuid.UUID,
    who: Who,
    object_sha256: str,
    why: str,
    parts: Sequence[Gone],
    data: Mapping[str, Any],
) -> None:
    """Record that a part of a submission goes, and let the caller's transaction delete its small
    pictures or findings, or empty its words or results. The database permits this verb nothing
    else. The caller then records what the rows that stay say from now on."""
    _erase(Verb.SUBMISSION_PART_DELETED, chain, who, object_sha256, why, (), parts, data)


def _erase(
    verb: Verb,
    chain: uuid.UUID,
    who: Who,
    object_sha256: str,
    why: str,
    rows: Sequence[Gone],
    parts: Sequence[Gone],
    data: Mapping[str, Any],
) -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("An erasure and its event are one transaction")
    content = payload(
        verb=verb,
        who=who,
        object_type="submission",
        object_id=str(chain),
        object_sha256=object_sha256,
        why=why,
        data={**data, "parts": sorted(_keys(parts))},
        rows=dict.fromkeys(_keys(rows)),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM audit_erase(%s, %s)", [chain, content])


def _keys(gone: Sequence[Gone]) -> list[str]:
    return [key(model._meta.db_table, pk) for model, pks in gone for pk in pks]
