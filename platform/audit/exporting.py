"""Exports the whole record as lines from one snapshot, for `audit verify` and `audit export`.

After the record follow the working rows that its events mention, as facts and hashes without file
names, notes or personal texts.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from django.db import connection, transaction
from django.db.models import Max

from . import clock, guards, rows
from .hashing import microseconds
from .keys import trusted_keys
from .models import ChainHead, Checkpoint, Leaf

BATCH = 2_000

# In the order of the tree; within a chain that is the order of its numbers too.
_COLUMNS = """
    SELECT l.index, l.hash, l.event_id, e.id, e.chain, e.seq, e.prev_hash, e.hash, e.xid,
        e.recorded_at, e.payload, e.verb, e.who, e.object_type, e.object_id
"""
_EVENTS = (
    _COLUMNS
    + """FROM audit_leaf l FULL OUTER JOIN audit_event e ON e.id = l.event_id
    ORDER BY l.index NULLS LAST, e.id"""
)
# The same in ranges.
_BETWEEN = (
    _COLUMNS
    + """FROM audit_leaf l LEFT JOIN audit_event e ON e.id = l.event_id
    WHERE l.index >= %s AND l.index < coalesce(%s, 9223372036854775807)
    ORDER BY l.index, e.id"""
)
_WITHOUT_LEAF = (
    _COLUMNS
    + """FROM audit_event e LEFT JOIN audit_leaf l ON l.event_id = e.id
    WHERE l.event_id IS NULL ORDER BY e.id"""
)


@contextmanager
def one_snapshot() -> Iterator[None]:
    if connection.in_atomic_block:  # a test's transaction: nobody else can be seen anyway
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


# Each with the event before it in its chain.
_SINCE = """
    SELECT l.index, l.hash, l.event_id, e.id, e.chain, e.seq, e.prev_hash, e.hash, e.xid,
        e.recorded_at, e.payload, e.verb, e.who, e.object_type, e.object_id,
        b.seq, b.hash, b.recorded_at, b.id
    FROM {source}
    LEFT JOIN audit_event b ON b.chain = e.chain AND b.seq = e.seq - 1
"""
_SEALED_SINCE = (
    _SINCE.format(source="audit_leaf l LEFT JOIN audit_event e ON e.id = l.event_id")
    + "WHERE l.index >= %s ORDER BY l.index"
)
# As the sealer looks for what has no leaf yet.
_UNSEALED = (
    _SINCE.format(source="audit_event e LEFT JOIN audit_leaf l ON l.event_id = e.id")
    + "WHERE l.event_id IS NULL AND (e.xid >= %s::xid8 OR e.id > %s) ORDER BY e.id"
)


def lines() -> Iterator[dict[str, Any]]:
    with one_snapshot():
        yield from _lines()


def lines_since(
    verified: Checkpoint, spoken_of: Callable[[int], Iterator[list[str]]]
) -> Iterator[dict[str, Any]]:
    """What came after this checkpoint, the rows that it speaks of, and the chains that it touched.
    `spoken_of` returns the rows that the lines so far state."""
    with one_snapshot():
        yield _header()
        checkpoints = 0
        for checkpoint in Checkpoint.objects.filter(size__gte=verified.size).order_by("size"):
            checkpoints += 1
            yield _checkpoint_line(checkpoint)
        count, chains = 0, set()
        for row in _since(verified):
            *event, seq, hash_, at, id_ = row
            line = _event_line(tuple(event))
            count += "gone" not in line
            if seq is not None and line["chain"] not in chains:
                yield {"t": "before", "chain": line["chain"], "seq": seq, "id": id_,
                       "hash": bytes(hash_).hex(), "at": microseconds(at)}  # fmt: skip
            chains.add(line.get("chain"))
            yield line
        for chunk in _chunks([chain for chain in chains if chain]):
            for head in ChainHead.objects.filter(chain__in=chunk):
                yield _head_line(head.chain, head.seq, head.hash)
        beside = 0
        for line in _rows_named(spoken_of):
            beside += 1
            yield line
        yield {"t": "end", "events": count, "checkpoints": checkpoints, "rows": beside}


def _since(verified: Checkpoint) -> Iterator[tuple[Any, ...]]:
    yield from _rows(_SEALED_SINCE, verified.size)
    edge = Leaf.objects.filter(index__gte=verified.size - BATCH).aggregate(last=Max("event_id"))
    yield from _rows(_UNSEALED, str(verified.xid_seen), edge["last"] or 0)


def _rows_named(spoken_of: Callable[[int], Iterator[list[str]]]) -> Iterator[dict[str, Any]]:
    for keys in spoken_of(BATCH):
        named: dict[str, list[str]] = defaultdict(list)
        for key in keys:
            name, _, pk = key.partition(":")
            named[name].append(pk)
        for table in rows.tables():
            if pks := named[table.table]:
                yield from rows.lines_of(table, table.all().filter(table.only, pk__in=pks))


def _chunks(items: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _header() -> dict[str, Any]:
    return {
        "t": "header",
        "format": "touchstone audit export",
        "version": 2,
        "at": microseconds(clock.now()),
        "keys": [str(key) for key in trusted_keys()],
        "guards": guards.faults(),
    }


def _checkpoint_line(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "t": "checkpoint",
        "size": checkpoint.size,
        "root": bytes(checkpoint.root).hex(),
        "frontier": bytes(checkpoint.frontier).hex(),
        "note": checkpoint.note,
    }


def _head_line(chain: Any, seq: int, hash_: Any) -> dict[str, Any]:
    return {"t": "head", "chain": str(chain), "seq": seq, "hash": bytes(hash_).hex()}


def _lines() -> Iterator[dict[str, Any]]:
    checkpoints = count = beside = 0
    for line in before_events():
        checkpoints += line["t"] == "checkpoint"
        yield line
    for row in _rows(_EVENTS):
        line = _event_line(row)
        count += "gone" not in line
        yield line
    for line in after_events():
        beside += line["t"] == "row"
        yield line
    yield {"t": "end", "events": count, "checkpoints": checkpoints, "rows": beside}


def before_events() -> Iterator[dict[str, Any]]:
    yield _header()
    for checkpoint in Checkpoint.objects.order_by("size").iterator(BATCH):
        yield _checkpoint_line(checkpoint)


def events_between(start: int, stop: int | None) -> Iterator[dict[str, Any]]:
    """Those with these leaves; without `stop` to the end, and those without a leaf."""
    for row in _rows(_BETWEEN, start, stop):
        yield _event_line(row)
    if stop is None:
        for row in _rows(_WITHOUT_LEAF):
            yield _event_line(row)


def after_events() -> Iterator[dict[str, Any]]:
    for chain, seq, hash_ in _rows("SELECT chain, seq, hash FROM audit_chainhead ORDER BY chain"):
        yield _head_line(chain, seq, hash_)
    for table in rows.tables():
        yield from rows.lines_of(table, table.all().filter(table.only).order_by("pk"))


def _event_line(row: tuple[Any, ...]) -> dict[str, Any]:
    index, leaf_hash, leaf_event, id_, chain, seq, prev_hash, hash_, xid, at, payload, *columns = (
        row
    )
    line: dict[str, Any] = {"t": "event", "leaf": index, "id": id_}
    if index is not None:
        line["leaf_hash"] = bytes(leaf_hash).hex()
    if id_ is None:
        return line | {"id": leaf_event, "gone": True}
    verb, who, object_type, object_id = columns
    line |= {
        "chain": str(chain),
        "seq": seq,
        "prev": bytes(prev_hash).hex(),
        "hash": bytes(hash_).hex(),
        "xid": int(xid),
        "at": microseconds(at),
        "verb": verb,
        "who": who,
        "object_type": object_type,
        "object_id": object_id,
    }
    try:
        line["payload"] = bytes(payload).decode()
    except UnicodeDecodeError:  # only tampering gets us here, and the export must show it
        line["payload_hex"] = bytes(payload).hex()
    return line


def _rows(statement: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, parameters or None)
        while rows := cursor.fetchmany(BATCH):
            yield from rows


def write(file: Path) -> int:
    """Write the export, whole or not at all; returns the number of events."""
    part = file.with_name(f".{file.name}.part")
    count = 0
    try:
        opening = gzip.open if file.suffix == ".gz" else open
        with cast(IO[str], opening(part, "wt", encoding="utf-8")) as out:
            for line in lines():
                out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
                count = line["events"] if line["t"] == "end" else count
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return count
