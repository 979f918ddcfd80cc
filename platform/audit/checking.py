"""Verifies the live record and its rows: on demand, once a day in full, and every hour what is
new."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from . import exporting, marks, notes, parallel, rows, sealer, verified, verifying
from .anchoring import anchors_of_site
from .anchors import Anchor, AnchorFile
from .beside import add_event, last_about
from .comparing import Comparer, Difference
from .keys import mark_file, signing_key, trusted_keys
from .models import Comparison, Event
from .outside import AtLeast, Outside
from .reporting import Problem, Report
from .services import record, site_chain
from .verbs import Verb
from .who import SHELL

log = logging.getLogger(__name__)

LOCK = 0x746F756369  # one comparison at a time in this database
DAILY = timedelta(hours=23)
ADOPTED_AT_ONCE = 500
_horizon: int | None = None
"""Every transaction before this one had ended when new rows were last compared."""


def verify_database(
    trusted: list[notes.PublicKey],
    files: list[Path] | None,
    progress: Any = iter,
    at_least: AtLeast | None = None,
    *,
    only_new: bool = False,
    jobs: int = 1,
    on_progress: parallel.OnProgress = lambda done, of: None,
) -> Report:
    """The live record, against this installation's own keys and anchor files unless others are
    given. `only_new`: what came since the last verification, if there was one. `jobs`: the number
    of processes, which report the same sooner."""
    anchors: list[Anchor] = [AnchorFile(file) for file in files] if files else anchors_of_site()
    # With no key at all nothing can be trusted: an empty list would trust the record's own claims.
    trusted = trusted or trusted_keys() or [signing_key().public]
    mark = marks.read(mark_file())
    try:
        since = verified.last_verified(trusted) if only_new else None
    except verified.ForgedNote as problem:
        return verified.refused(problem)
    if since:
        report = verified.verify_new(trusted, anchors, mark, since, progress)
    else:

        def outside() -> Outside:
            return Outside.of(anchors, at_least, {"the high-water mark": mark} if mark else {})

        at_once = parallel.verify(trusted, outside(), jobs, on_progress) if jobs > 1 else None
        report = at_once or verifying.verify(progress(exporting.lines()), trusted, outside())
    if report.checkpoints:
        missing = [f"the anchor {anchor}" for anchor in anchors if _is_empty(anchor)]
        # Read again: a new site may have been writing down its first seal when this began.
        mark = mark or marks.read(mark_file())
        for what in [*missing, *([] if mark else [f"the high-water mark {mark_file()}"])]:
            report.add(Problem(
                f"{what} is missing or empty, and there are checkpoints. On a machine that never "
                "sealed, `manage.py audit seal` writes it"
            ))  # fmt: skip
    return report


def _is_empty(anchor: Anchor) -> bool:
    """One that is away was named already."""
    try:
        return anchor.last() is None
    except OSError:
        return False


def compare_all_rows() -> Report | None:
    """Once a day: everything, as `audit verify` does it. None when it was done already."""
    if Comparison.objects.filter(whole=True, at__gt=Now() - DAILY).exists():
        return None
    with _alone() as alone:
        if not alone:
            return None
        sealer.seal(everything=True)
        report = verify_database([], None)
        keep_report(report, daily=True)
        return report


def keep_report(report: Report, *, daily: bool = False) -> None:
    """What was found, and signed, how far it went."""
    _keep(daily, report.rows, report.ok, report.as_text(), verified.note_of(report))


def compare_new_rows() -> Difference | None:
    """The rows that were written since the last time, by whomever: PostgreSQL knows them by the
    transaction that wrote them. A row that is gone is seen once a day only."""
    global _horizon
    with _alone() as alone, exporting.one_snapshot():
        if not alone:
            return None
        since, _horizon = _horizon, int(_one("SELECT pg_snapshot_xmin(pg_current_snapshot())"))
        if since is None:
            return None
        ages = int(_one("SELECT pg_snapshot_xmax(pg_current_snapshot())")) - since + 1
        count, first = _compare_younger(ages)
    if count:
        text = f"row {first.row} of {first.table}: {first.what}" if first else ""
        _keep(False, count, first is None, text)
    return first


def _compare_younger(ages: int) -> tuple[int, Difference | None]:
    count = 0
    for table in rows.tables():
        young = RawSQL(_younger(table, ages), [], output_field=BooleanField())  # noqa: S611
        found = table.all().filter(table.only, young).order_by("pk")
        for chunk in _chunks(rows.lines_of(table, found), table.chunk):
            count += len(chunk)
            comparer = Comparer()
            for event in last_about([rows.key(line["table"], line["id"]) for line in chunk]):
                add_event(comparer, event)
            for line in chunk:
                if difference := comparer.compare(line):
                    return count, difference
    return count, None


def _younger(table: rows.OnRecord, ages: int) -> str:
    ages = min(ages, 2**31 - 1)
    own, pk = table.table, table.model._meta.pk.column
    parts = [
        f" OR {own}.{pk} IN (SELECT {column} FROM {part} WHERE age({part}.xmin) <= {ages})"  # noqa: S608 - names from code
        for part, column in table.parts.items()
    ]
    return f"(age({own}.xmin) <= {ages}{''.join(parts)})"


def adopt() -> int:
    """Put the rows on record that no event speaks of. Once, after an upgrade."""
    count = 0
    for table in rows.tables():
        keys = table.model._base_manager.filter(table.only).order_by("pk").values_list("pk")
        for chunk in _chunks(keys.iterator(), ADOPTED_AT_ONCE):
            with transaction.atomic():
                unknown = _unknown(table, [pk for (pk,) in chunk])
                if unknown:
                    _adopted(table, unknown)
                count += len(unknown)
    return count


def was_adopted() -> bool:
    return Event.objects.filter(verb=Verb.ROWS_ADOPTED).exists()


def _unknown(table: rows.OnRecord, pks: list[Any]) -> list[Any]:
    keys = {rows.key(table.table, pk): pk for pk in pks}
    known = {key for event in last_about(list(keys)) for key in event.content.get("rows", {})}
    return [pk for key, pk in keys.items() if key not in known]


def _adopted(table: rows.OnRecord, pks: list[Any]) -> None:
    record(
        chain=site_chain("rows"), verb=Verb.ROWS_ADOPTED, who=SHELL,
        object_type="table", object_id=table.table, data={"count": len(pks)},
        rows=[(table.model, pk) for pk in pks],
    )  # fmt: skip


def _keep(whole: bool, count: int, ok: bool, text: str, note: str = "") -> None:
    Comparison.objects.create(whole=whole, rows=count, ok=ok, said=text[:20_000], note=note)
    if not ok:
        log.critical("The rows and the audit record do not agree: %s", text)


@contextmanager
def _alone() -> Iterator[bool]:
    """Of all workers one compares. The lock lies in a transaction of a connection of its own: what
    is compared has its own transactions, and a pooler may lend each another connection."""
    own = connection.copy()
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            mine = bool(cursor.fetchone()[0])
        yield mine
    finally:
        own.close()


def _chunks(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _one(statement: str, *parameters: int) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()[0]
