"""The migrated database that each test process starts from, as a copy.

To run all migrations takes longer than most test files. So they run once, into a database whose
name is a digest of every migration, and PostgreSQL copies it. After a change of any migration the
name is another one, so the next run migrates again.

`python -m tests.database` makes it. `make test` does so while mypy leaves a core idle. Otherwise
the first test makes it, and the other processes wait.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import django
import psycopg
from django.apps import apps
from django.conf import settings
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "migrated_for_tests_"
LOCK = 7_242_118
"""Of the session that makes the database; the other test processes wait for it."""


def migrated(database: Mapping[str, Any]) -> str:
    """The name of the database to copy, made when it is missing."""
    name = PREFIX + _digest()
    with psycopg.connect(
        host=database["HOST"], port=database["PORT"] or None, user=database["USER"],
        password=database["PASSWORD"] or None, dbname="postgres", autocommit=True,
    ) as server:  # fmt: skip
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        known = server.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX]
        )
        names = {row[0] for row in known}
        if name not in names:
            for old in names:
                server.execute(sql.SQL("DROP DATABASE {} (FORCE)").format(sql.Identifier(old)))
            _make(server, name, database)
    return name


def _make(server: psycopg.Connection[Any], name: str, database: Mapping[str, Any]) -> None:
    """It gets its name at the end, so that a half migrated one is never taken."""
    half = PREFIX + "half"
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} (FORCE)").format(sql.Identifier(half)))
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(half)))
    with TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"],
            cwd=ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, "DATABASE_URL": _address(half), "DEBUG": "1",
                 "TOUCHSTONE_HOME": home},
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"The tests' database could not be migrated.\n{done.stderr[-4000:]}")
    server.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(half), sql.Identifier(name))
    )


def _address(name: str) -> str:
    parts = urlsplit(os.environ["TEST_DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{name}"))


def _digest() -> str:
    found = hashlib.sha256()
    for app in sorted(apps.get_app_configs(), key=lambda one: one.label):
        folder = Path(app.path) / "migrations"
        for file in sorted([*folder.rglob("*.py"), *folder.rglob("*.sql")]):
            found.update(f"{app.label}/{file.name}".encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:16]


if __name__ == "__main__":
    django.setup()
    migrated(settings.DATABASES["default"])
