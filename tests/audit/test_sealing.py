"""Sealing: every committed event once, signed, anchored, and never against what was signed."""

from __future__ import annotations

import stat
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from audit import anchors, exporting, notes, sealer
from audit.anchoring import anchors_of_site
from audit.checking import verify_database
from audit.keys import signing_key, trusted_keys
from audit.models import Checkpoint, Event, Leaf
from audit.sealer import SealRefused, seal
from tests.audit.helpers import note, triggers_off


@pytest.mark.django_db
def test_events_are_sealed_once_and_in_order() -> None:
    """Each event has one leaf; a second sealing adds only what is new."""
    chain = uuid.uuid4()
    for _ in range(3):
        note(chain)
    first = seal()
    assert first and (first.size, first.new) == (3, 3)
    assert seal() is None
    note(chain)
    note(uuid.uuid4())
    second = seal()
    assert second and (second.size, second.new) == (5, 2)
    events = list(Event.objects.order_by("id").values_list("id", flat=True))
    leaves = list(Leaf.objects.order_by("index").values_list("event_id", flat=True))
    assert leaves == events
    report = verify_database([], None)
    assert report.ok, report.as_text()
    assert (report.events, report.sealed, report.checkpoints, report.anchored) == (5, 5, 2, 2)


@pytest.mark.django_db
def test_a_checkpoint_is_a_signed_note_that_others_can_read() -> None:
    """The public form: origin, size, root, blank line, signature by the named key."""
    note(uuid.uuid4())
    sealed = seal()
    assert sealed
    statement = notes.read(sealed.note, [notes.PublicKey.parse(str(signing_key().public))])
    checkpoint = Checkpoint.objects.get()
    assert (statement.size, statement.root) == (1, bytes(checkpoint.root))
    with pytest.raises(notes.BadNote):
        notes.read(sealed.note, [notes.SigningKey.make("somebody").public])
    with pytest.raises(notes.BadNote):
        notes.read(sealed.note.replace("\n1\n", "\n2\n"), trusted_keys())


@pytest.mark.django_db
def test_the_key_is_private_and_made_once(settings: Any) -> None:
    """0600 from its first moment, the same key ever after, its public half beside it."""
    first = signing_key()
    assert stat.S_IMODE(settings.AUDIT_SIGNING_KEY_FILE.stat().st_mode) == 0o600
    assert str(signing_key().public) == str(first.public) == str(trusted_keys()[0])


@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_late_is_not_missed() -> None:
    """A transaction that was open while others were sealed has its event sealed the next time."""
    import threading

    wrote, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                note(uuid.uuid4())
                wrote.set()
                may_commit.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert wrote.wait(20)
    for _ in range(3):
        with transaction.atomic():
            note(uuid.uuid4())
        assert (sealed := seal()) and sealed.new == 1
    may_commit.set()
    thread.join()
    assert (sealed := seal()) and (sealed.size, sealed.new) == (4, 1)
    report = verify_database([], None)
    assert report.ok, report.as_text()


@pytest.mark.django_db
def test_after_a_restore_into_another_cluster_nothing_is_missed() -> None:
    """Where transaction numbers mean nothing any more, the search begins at the beginning."""
    note(uuid.uuid4())
    seal()
    with triggers_off(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_checkpoint SET cluster = 1, xid_seen = '99999999999'")
    note(uuid.uuid4())
    assert (sealed := seal()) and (sealed.size, sealed.new) == (2, 1)
    assert verify_database([], None).ok


@pytest.mark.django_db
def test_a_lost_anchor_line_is_written_again(settings: Any) -> None:
    """A crash between commit and anchor, or a torn line, is made good by the next sealing."""
    file: Path = settings.AUDIT_ANCHOR_FILE
    for _ in range(3):
        note(uuid.uuid4())
        seal()
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0] + lines[1][:40])
    note(uuid.uuid4())
    seal()
    assert [anchors.size_of(line) for line in anchors.notes_in(file)] == [1, 2, 3, 4]
    assert verify_database([], None).ok


@pytest.mark.django_db
def test_nothing_is_signed_over_a_rolled_back_record() -> None:
    """When the anchor knows more than the database, sealing stops and says why."""
    note(uuid.uuid4())
    seal()
    point = transaction.savepoint()
    note(uuid.uuid4())
    seal()
    transaction.savepoint_rollback(point)
    note(uuid.uuid4())
    with pytest.raises(SealRefused, match="rolled back"):
        seal()


@pytest.mark.django_db
def test_an_altered_event_is_not_blessed() -> None:
    """An event changed between recording and sealing is named, and nothing is signed."""
    event = note(uuid.uuid4())
    with triggers_off(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_event SET payload = '{}'")
    with pytest.raises(SealRefused, match=f"event {event.pk} "):
        seal()
    assert not Checkpoint.objects.exists()


@pytest.mark.django_db
def test_nothing_is_signed_with_a_key_that_nobody_trusts(settings: Any) -> None:
    """A new key does not carry on over an old one's checkpoints without being told to."""
    note(uuid.uuid4())
    seal()
    settings.AUDIT_SIGNING_KEY_FILE = settings.HOME / "other" / "audit_signing.key"
    note(uuid.uuid4())
    with pytest.raises(SealRefused, match="trusted"):
        seal()


@pytest.mark.django_db
def test_a_new_key_carries_on_when_the_old_one_stays_trusted(settings: Any) -> None:
    """The old key file is moved away and its public half kept: sealing goes on, all verifies."""
    note(uuid.uuid4())
    seal()
    settings.AUDIT_SIGNING_KEY_FILE.rename(settings.HOME / "old.key")
    note(uuid.uuid4())
    assert (sealed := seal()) and sealed.size == 2
    assert len(trusted_keys()) == 2
    report = verify_database([], None)
    assert report.ok, report.as_text()


@pytest.mark.django_db
def test_a_first_seal_that_is_being_written_down_is_no_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its checkpoint is committed, and the files follow while the record is verified."""
    note(uuid.uuid4())
    with monkeypatch.context() as late:
        late.setattr(sealer, "_write_down", lambda anchors: None)
        assert seal()
    lines = exporting.lines

    def meanwhile() -> Any:
        yield from lines()
        sealer._write_down(anchors_of_site())

    monkeypatch.setattr(exporting, "lines", meanwhile)
    report = verify_database([], None)
    assert report.ok, report.as_text()
