"""Manipulations that verification once missed are found now, or documented as not detectable."""

from __future__ import annotations

import json
import uuid
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from audit import anchors, marks
from audit.checking import verify_database
from audit.keys import mark_file
from audit.models import Event, Leaf
from audit.sealer import SealRefused, seal
from tests.audit.helpers import note, triggers_off

pytestmark = pytest.mark.django_db


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_last_event_is_sealed_whatever_its_transaction_number_says() -> None:
    """The number is not hashed; set to 1 it once exempted the event from sealing for ever."""
    chain = uuid.uuid4()
    note(chain)
    seal()
    last = note(chain)
    with triggers_off():
        sql(f"UPDATE audit_event SET xid = '1' WHERE id = {last.pk}")
    assert (sealed := seal()) and sealed.size == 2
    assert Leaf.objects.filter(event_id=last.pk).exists()


def late_commit_passed_over() -> Event:
    """An event with a low id, committed late, its number set back before it could be sealed."""
    early = note(uuid.uuid4())
    note(uuid.uuid4())
    with triggers_off():
        sql(f"UPDATE audit_event SET xid = '1' WHERE id = {early.pk}")
    sql("CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM audit_event ORDER BY id LIMIT 1")
    with triggers_off():
        sql(f"DELETE FROM audit_event WHERE id = {early.pk}")
    seal()
    sql("INSERT INTO audit_event SELECT * FROM kept")
    return early


def test_an_event_that_was_passed_over_is_sealed_by_the_daily_search() -> None:
    early = late_commit_passed_over()
    assert seal() is None
    assert (sealed := seal(everything=True)) and sealed.new == 1
    assert Leaf.objects.filter(event_id=early.pk).exists()


def test_an_event_that_waits_too_long_to_be_sealed_is_a_finding() -> None:
    """Whether it was passed over or the worker stands still."""
    early = note(uuid.uuid4())
    with triggers_off():  # as old as it would be in an hour
        sql("UPDATE audit_event SET recorded_at = recorded_at - interval '1 hour'")
        rehash(early)
    report = verify_database([], None)
    assert [problem.event for problem in report.problems] == [early.pk]
    assert "audit seal" in report.as_text()
    seal()
    assert verify_database([], None).ok


def rehash(event: Event) -> None:
    from audit.hashing import GENESIS, event_hash, microseconds

    event.refresh_from_db()
    hash_ = event_hash(
        event.chain, 1, GENESIS, microseconds(event.recorded_at), bytes(event.payload)
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_event SET hash = %s WHERE id = %s", [hash_, event.pk])
        cursor.execute("UPDATE audit_chainhead SET hash = %s WHERE chain = %s",
                       [hash_, event.chain])  # fmt: skip


@pytest.fixture
def rolled_back(settings: Any) -> int:
    """The database and its anchor file, both as they were an event ago; no signing key was used."""
    file: Path = settings.AUDIT_ANCHOR_FILE
    note(uuid.uuid4())
    seal()
    before = file.read_text()
    point = transaction.savepoint()
    note(uuid.uuid4())
    seal()
    transaction.savepoint_rollback(point)
    file.write_text(before)
    return 1


def test_a_rollback_with_the_anchor_cut_to_fit_is_seen_by_the_mark(rolled_back: int) -> None:
    """The mark stands beside the signing key: whoever can set it back could sign as well."""
    report = verify_database([], None)
    assert not report.ok and "the high-water mark" in report.as_text(), report.as_text()
    note(uuid.uuid4())
    with pytest.raises(SealRefused, match="high-water mark"):
        seal()


def test_without_its_mark_it_is_seen_that_the_mark_is_missing(rolled_back: int) -> None:
    mark_file().unlink()
    report = verify_database([], None)
    assert not report.ok and "missing" in report.as_text(), report.as_text()


def test_a_copy_of_the_anchor_elsewhere_sees_it(settings: Any, tmp_path: Path) -> None:
    """Each copy is written, and the one that knows most counts."""
    copy = tmp_path / "elsewhere" / "audit.anchor"
    settings.AUDIT_ANCHOR_COPIES = [copy]
    note(uuid.uuid4())
    seal()
    cut, mark = settings.AUDIT_ANCHOR_FILE.read_text(), mark_file().read_text()
    point = transaction.savepoint()
    note(uuid.uuid4())
    seal()
    transaction.savepoint_rollback(point)
    settings.AUDIT_ANCHOR_FILE.write_text(cut)
    mark_file().write_text(mark)
    assert len(list(anchors.notes_in(copy))) == 2
    report = verify_database([], None)
    assert not report.ok and "the anchor" in report.as_text(), report.as_text()
    settings.AUDIT_ANCHOR_COPIES = []
    assert verify_database([], None).ok  # what remains: docs/audit.md says so


def test_a_line_of_the_anchor_that_is_no_checkpoint_is_a_finding(settings: Any) -> None:
    """Named by its file and number; it hides nothing else, and nothing more is sealed."""
    note(uuid.uuid4())
    seal()
    with settings.AUDIT_ANCHOR_FILE.open("a") as file:
        file.write("nonsense\n")
    report = verify_database([], None)
    place = f"{settings.AUDIT_ANCHOR_FILE}, line 2,"
    assert not report.ok and report.events and place in report.as_text(), report.as_text()
    note(uuid.uuid4())
    with pytest.raises(SealRefused, match="cannot be trusted"):
        seal()


def test_a_copy_that_cannot_be_reached_holds_up_nothing(settings: Any, tmp_path: Path) -> None:
    """The next sealing catches up."""
    (tmp_path / "away").write_text("a file where a folder should be")
    copy = tmp_path / "away" / "audit.anchor"
    settings.AUDIT_ANCHOR_COPIES = [copy]
    note(uuid.uuid4())
    assert seal()
    (tmp_path / "away").unlink()
    note(uuid.uuid4())
    assert seal()
    assert len(list(anchors.notes_in(copy))) == 2


@pytest.mark.parametrize("way", ["number", "checkpoint"])
def test_whoever_remembers_a_checkpoint_sees_a_rollback(
    settings: Any, tmp_path: Path, way: str
) -> None:
    """Also of an export, and although anchor, copies and mark were all set back."""
    note(uuid.uuid4())
    seal()
    cut, mark = settings.AUDIT_ANCHOR_FILE.read_text(), mark_file().read_text()
    point = transaction.savepoint()
    note(uuid.uuid4())
    seal()
    remembered, out = tmp_path / "remembered", StringIO()
    call_command("audit", "checkpoint", stdout=out, stderr=StringIO())
    remembered.write_text(out.getvalue())
    transaction.savepoint_rollback(point)
    settings.AUDIT_ANCHOR_FILE.write_text(cut)
    mark_file().write_text(mark)
    assert verify_database([], None).ok
    at_least = "2" if way == "number" else str(remembered)
    export = tmp_path / "record.jsonl"
    call_command("audit", "export", str(export), stdout=StringIO())
    for source in ((), ("--export", str(export))):
        out = StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("audit", "verify", "--json", "--at-least", at_least, *source, stdout=out)
        assert ended.value.code == 1 and not json.loads(out.getvalue())["ok"]


def test_the_mark_never_falls(tmp_path: Path) -> None:
    file = tmp_path / "mark"
    assert marks.raise_to(file, "o\n5\nroot\n")
    assert not marks.raise_to(file, "o\n4\nroot\n")
    assert marks.read(file) == "o\n5\nroot\n"
