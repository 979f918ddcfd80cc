"""The embedded PostgreSQL: starts from nothing, refuses the network, keeps the roles apart."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psycopg
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


@pytest.mark.slow
def test_a_server_that_still_stops_is_waited_for() -> None:
    """As after Ctrl-C and `make up` at once: the start succeeds when the last client has gone."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        pg = postgres.server(Path(folder))
        postgres.start(pg)
        try:
            client = psycopg.connect(host=str(pg.sockets), user=postgres.SUPERUSER,
                                     dbname="postgres")  # fmt: skip
            pg.program("pg_ctl", "-D", str(pg.data), "-m", "smart", "-W", "stop")
            while postgres.is_running(pg):
                time.sleep(0.05)
            first = (pg.data / "postmaster.pid").read_text().split()[0]
            leaving = threading.Timer(1.0, client.close)
            leaving.start()
            postgres.start(pg)
            leaving.join()
            assert pg.sql("select 1") == "1"
            assert (pg.data / "postmaster.pid").read_text().split()[0] != first
        finally:
            postgres.stop(pg, "immediate")
            shutil.rmtree(pg.sockets, ignore_errors=True)
            shutil.rmtree(pg.data, ignore_errors=True)


@pytest.mark.django_db
def test_tests_run_on_real_postgresql() -> None:
    """There is no second database to keep alive."""
    assert connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("show data_checksums")
        assert cursor.fetchone() == ("on",)
