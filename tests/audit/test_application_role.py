"""The application's own role can add to history, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from importlib import import_module

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from audit.checking import verify_database
from audit.models import Event
from audit.sealer import seal
from tests.audit.helpers import note

APP = "touchstone_app"
INSUFFICIENT_PRIVILEGE = "42501"


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def as_application(db: None) -> Iterator[None]:
    """The role as the migration left it; the test's transaction undoes what is made here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP])
        if not cursor.fetchone():
            # A server that somebody else set up: do now what the migration would have done.
            migration = import_module("audit.migrations.0002_append_only")
            cursor.execute(f"CREATE ROLE {APP}")
            cursor.execute(migration.RIGHTS)
    note(uuid.UUID(int=7))
    seal()
    sql(f"SET LOCAL ROLE {APP}")
    yield
    sql("RESET ROLE")
    assert verify_database([], None).ok


def copy_over() -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY audit_event (id, chain, seq) FROM STDIN") as copy,
    ):
        copy.write_row((1, uuid.UUID(int=7), 1))


ATTEMPTS = {
    "update": "UPDATE audit_event SET verb = 'x'",
    "delete": "DELETE FROM audit_event",
    "truncate": "TRUNCATE audit_event",
    "alter table": "ALTER TABLE audit_event ADD COLUMN mine int",
    "disable trigger": "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    "session_replication_role": "SET session_replication_role = replica",
    "on conflict do update": """
        INSERT INTO audit_event SELECT * FROM audit_event
        ON CONFLICT (id) DO UPDATE SET verb = 'x'""",
    "copy over": copy_over,
    # beyond the eight
    "forged insert": """
        INSERT INTO audit_event (chain, seq, prev_hash, hash, payload, xid, recorded_at, verb, who,
            object_type, object_id)
        SELECT chain, seq + 1, hash, hash, payload, xid, recorded_at, verb, who, object_type,
            object_id FROM audit_event""",
    "move a head": "UPDATE audit_chainhead SET seq = seq + 1",
    "forge a head": "INSERT INTO audit_chainhead VALUES (gen_random_uuid(), 5, 'x', now())",
    "delete a head": "DELETE FROM audit_chainhead",
    "edit a leaf": "UPDATE audit_leaf SET event_id = 1",
    "delete a leaf": "DELETE FROM audit_leaf",
    "edit a checkpoint": "UPDATE audit_checkpoint SET size = 1",
    "truncate checkpoints": "TRUNCATE audit_checkpoint",
    "replace the function": """
        DROP FUNCTION audit_append(uuid, bytea)""",
    "drop a trigger": "DROP TRIGGER audit_event_keeps_rows ON audit_event",
    "become the owner": "SET ROLE postgres",
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_history_cannot_be_changed(as_application: None, attempt: object) -> None:
    """Refused by the database for want of a right, not by good manners of our code."""
    if attempt == ATTEMPTS["become the owner"]:
        # SET ROLE looks at the session's user, who is a superuser here: ask for the right instead.
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_has_role('{APP}', 'postgres', 'MEMBER')")
            assert cursor.fetchone() == (False,)
        return
    with pytest.raises((DatabaseError, psycopg.Error)) as refused, transaction.atomic():
        attempt() if callable(attempt) else sql(str(attempt))
    cause = refused.value.__cause__ or refused.value
    assert getattr(cause, "sqlstate", None) == INSUFFICIENT_PRIVILEGE, refused.value


def test_recording_and_sealing_work(as_application: None) -> None:
    """The rights that are left are enough for the work."""
    before = Event.objects.count()
    note(uuid.UUID(int=7))
    note(uuid.uuid4())
    assert Event.objects.count() == before + 2
    assert (sealed := seal()) and sealed.new == 2
