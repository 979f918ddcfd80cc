"""Sealing: every committed event gets its place in one tree, and the tree's root is signed.

Called every few seconds by the worker's beat. One sealer at a time (an advisory lock); a second one
goes home. It is incremental: the last checkpoint's frontier is all of the old tree that is read.

Which events are new? Whatever is visible and has no leaf. To look at few rows, the search begins at
the transaction number below which nothing was still running at the last sealing
(`pg_snapshot_xmin`): older transactions had ended by then, so all their events were sealed. An id
or a time could not promise that, because they do not follow the order of commits. After a restore
into another cluster transaction numbers mean nothing, and the search begins at the beginning, once.

The transaction number is not hashed, so somebody at the database could set it back and have an
event passed over. Ids that are greater than all that were sealed are therefore looked at whatever
their number says, and once a day the search begins at the beginning (`everything`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from . import clock, marks, notes
from .anchoring import anchors_of_site
from .anchors import Anchor
from .hashing import GENESIS, event_hash, microseconds
from .keys import mark_file, signing_key, trusted_keys
from .merkle import Tree
from .models import Checkpoint

log = logging.getLogger(__name__)

LOCK = 0x746F756368  # "touch": one sealer at a time in this database
BATCH = 5_000

_NEW_EVENTS = """
    SELECT e.id, e.chain, e.seq, e.prev_hash, e.hash, e.recorded_at, e.payload, before.hash
    FROM audit_event e
    LEFT JOIN audit_event before ON before.chain = e.chain AND before.seq = e.seq - 1
    WHERE (e.xid >= %s::xid8 OR e.id > %s)
        AND NOT EXISTS (SELECT FROM audit_leaf l WHERE l.event_id = e.id)
    ORDER BY e.id
"""


class SealRefused(Exception):
    """Something does not fit what was sealed before: nothing is signed until somebody looked."""


@dataclass(frozen=True, slots=True)
class Sealed:
    size: int
    new: int
    note: str


def seal(*, everything: bool = False) -> Sealed | None:
    """Seal what has been committed; None when there is nothing new or another one is sealing.

    `everything` looks at every event that has no leaf, whatever its transaction number says.
    """
    anchors = anchors_of_site()
    try:
        with transaction.atomic():
            sealed = _seal(everything, anchors)
    except SealRefused as refused:
        log.critical("The audit record was not sealed: %s", refused)
        raise
    _write_down(anchors)
    return sealed


def _write_down(anchors: Sequence[Anchor]) -> None:
    """The signed checkpoints, outside the database: also those that an anchor missed while it was
    away, or before it was named. A copy that cannot be reached just now holds up nothing."""
    last = Checkpoint.objects.order_by("size").last()
    if last is None:
        return
    for number, anchor in enumerate(anchors):
        try:
            anchor.write(last.note, _notes_after)
        except OSError as error:
            if number == 0:
                raise
            log.error("The anchor copy %s cannot be written: %s", anchor, error)
    marks.raise_to(mark_file(), last.note)


def _notes_after(size: int) -> Iterable[str]:
    return Checkpoint.objects.filter(size__gt=size).order_by("size").values_list("note", flat=True)


def _seal(everything: bool, anchors: Sequence[Anchor]) -> Sealed | None:
    if not _one("SELECT pg_try_advisory_xact_lock(%s)", LOCK):
        return None
    key = signing_key()
    previous = Checkpoint.objects.order_by("size").last()
    tree = _opened(previous)
    _compare_with_what_is_outside(previous, anchors)
    # Read before the events are: whatever had ended by now is visible to the next statement.
    horizon = int(_one("SELECT pg_snapshot_xmin(pg_current_snapshot())"))
    cluster = _one("SELECT system_identifier FROM pg_control_system()")
    comparable = previous and previous.cluster == cluster and previous.xid_seen <= horizon
    since = previous.xid_seen if previous and comparable and not everything else 0
    before = tree.size
    for batch in _new_events(since, _last_sealed(before)):
        leaves = []
        for event in batch:
            hash_ = _checked(*event)
            leaves.append((tree.size, event[0], hash_))
            tree.append(hash_)
        _write_leaves(leaves)
    if tree.size == before:
        return None
    now = clock.now()
    origin = f"{key.name}/audit"
    note = key.sign(notes.Statement(origin, tree.size, tree.root(), now).text())
    Checkpoint.objects.create(
        size=tree.size,
        root=tree.root(),
        frontier=tree.packed(),
        note=note,
        xid_seen=horizon,
        cluster=cluster,
        sealed_at=now,
    )
    return Sealed(tree.size, tree.size - before, note)


def _opened(previous: Checkpoint | None) -> Tree:
    """The tree as it was signed, so that what is signed next can only be a continuation of it."""
    if previous is None:
        return Tree()
    try:
        statement = notes.read(previous.note, trusted_keys())
        tree = Tree.unpacked(previous.size, bytes(previous.frontier))
    except ValueError as problem:
        raise SealRefused(f"the last checkpoint cannot be trusted: {problem}") from problem
    signed = statement.size, statement.root
    if signed != (previous.size, tree.root()) or statement.root != bytes(previous.root):
        raise SealRefused("the last checkpoint does not say what was signed.")
    return tree


def _compare_with_what_is_outside(previous: Checkpoint | None, anchors: Sequence[Anchor]) -> None:
    """A copy that cannot be reached just now is compared at a later sealing; the anchor itself must
    be readable."""
    for number, anchor in enumerate(anchors):
        try:
            noted = anchor.last()
        except OSError as error:
            if number == 0:
                raise
            log.error("The anchor copy %s cannot be read: %s", anchor, error)
            continue
        if noted is not None:
            _compare_with(previous, noted, "the anchor", f"the last checkpoint {anchor}")
        elif previous is not None:
            log.warning(
                "The anchor %s is empty, although %s events are sealed: it is new, or somebody "
                "emptied it. It is filled again.", anchor, previous.size,
            )  # fmt: skip
    if mark := marks.read(mark_file()):
        _compare_with(previous, mark, "the high-water mark", f"{mark_file()}")


def _compare_with(previous: Checkpoint | None, note: str, what: str, place: str) -> None:
    try:
        statement = notes.read(note, trusted_keys())
    except notes.BadNote as problem:
        raise SealRefused(f"{place} cannot be trusted: {problem}") from None
    if previous is None or previous.size < statement.size:
        raise SealRefused(
            f"{what} knows {statement.size} sealed events and the database only "
            f"{previous.size if previous else 0}: it was rolled back or cut. Restore a newer "
            "backup; if this is meant to be another database, give it its own anchors "
            f"(AUDIT_ANCHOR_FILE, _COPIES and _STORAGE) and move {mark_file()} away."
        )
    root = Checkpoint.objects.filter(size=statement.size).values_list("root", flat=True).first()
    if root is None or bytes(root) != statement.root:
        raise SealRefused(
            f"{what} and the database disagree about the first {statement.size} events."
        )


def _checked(
    id_: int,
    chain: UUID,
    seq: int,
    prev_hash: bytes,
    hash_: bytes,
    recorded_at: datetime,
    payload: bytes,
    before: bytes | None,
) -> bytes:
    """The event's hash, if it is right and follows its predecessor."""
    prev = bytes(prev_hash)
    expected = event_hash(chain, seq, prev, microseconds(recorded_at), bytes(payload))
    follows = prev == (GENESIS if seq == 1 else bytes(before or b""))
    if expected != bytes(hash_) or not follows:
        raise SealRefused(
            f"event {id_} ({chain}, number {seq}) was altered before it could be sealed. "
            "`manage.py audit verify` tells more."
        )
    return expected


def _last_sealed(size: int) -> int:
    """The greatest id near the right edge of the tree; within a sealing ids only grow."""
    edge = "SELECT max(event_id) FROM audit_leaf WHERE index >= %s"
    return int(_one(edge, max(size - BATCH, 0)) or 0)


def _new_events(since: int, after: int) -> Iterator[list[tuple[Any, ...]]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_NEW_EVENTS, [str(since), after])
        while rows := cursor.fetchmany(BATCH):
            yield rows


def _write_leaves(leaves: list[tuple[int, int, bytes]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY audit_leaf (index, event_id, hash) FROM STDIN") as copy,
    ):
        for leaf in leaves:
            copy.write_row(leaf)


def _one(statement: str, *parameters: int) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()[0]
