"""The embedded PostgreSQL: starts from nothing, refuses the network, keeps the roles apart."""

from __future__ import annotations

import subprocess

import pytest
from django.db import connection

from local import postgres


def test_the_server_listens_on_no_network_address() -> None:
    """Only its Unix socket, in a directory that nobody else can enter."""
    pg = postgres.of_tests()
    assert pg.sql("show listen_addresses") == ""
    assert pg.sockets.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "statement",
    ["create table t (x int)", "alter table django_migrations add x int", "create role r"],
)
def test_the_application_role_may_not_change_the_structure(statement: str) -> None:
    """Only the owner migrates."""
    pg = postgres.of_tests()
    with pytest.raises(subprocess.CalledProcessError):
        pg.program(
            "psql", "-U", postgres.APP, "-d", postgres.DATABASE, "-Xc", statement,
            "-v", "ON_ERROR_STOP=1",
        )  # fmt: skip


@pytest.mark.django_db
def test_tests_run_on_real_postgresql() -> None:
    """There is no second database to keep alive."""
    assert connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("show data_checksums")
        assert cursor.fetchone() == ("on",)
