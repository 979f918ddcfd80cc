"""A whole installation in a temporary folder: its own PostgreSQL, store and worker processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import psycopg

from jobs.queues import QUEUES
from local import postgres
from tests.faults import cluster

ROOT = Path(__file__).resolve().parents[2]
FAST = {
    "JOBS_LEASE_SECONDS": "2",
    "JOBS_RECONCILE_SECONDS": "0.5",
    "JOBS_OVERDUE_SECONDS": "4",
    "JOBS_BACKOFF_SECONDS": "0.2",
    "JOBS_GRACE_SECONDS": "1",
}


class House:
    bells = QUEUES

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="touchstone-faults-"))
        self.home.chmod(0o755)
        self.pg = replace(postgres.server(self.home), is_durable=False)
        self.failpoints = self.home / "failpoints"
        self.failpoints.mkdir()
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "TEST_"))},
            **FAST,
            "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "TOUCHSTONE_HOME": str(self.home),
            "TOUCHSTONE_FAILPOINTS": str(self.failpoints),
            "SECRET_KEY": "x" * 60,
            "DATABASE_URL": self.pg.url(postgres.APP),
            "BROKER_URL": "",
            "DEBUG": "0",
            "REQUIRE_SANDBOX": "0",  # its walls have their own tests, and a check at every start
        }
        self.clerk: subprocess.Popen[str] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self.seen: set[int] = set()

    def build(self) -> None:
        cluster.copied_or_migrated(self.pg, self._migrate)
        postgres.start(self.pg)
        self.manage("keys", "init")
        self.sql("CREATE TABLE faults_effect (analysis uuid, fence bigint)")
        self.sql(f"GRANT ALL ON faults_effect TO {postgres.APP}")

    def _migrate(self) -> None:
        postgres.start(self.pg)
        owner = {**self.env, "DATABASE_URL": self.pg.url(postgres.OWNER)}
        self.manage("migrate", "--noinput", env=owner, seconds=900)

    def clear(self) -> None:
        """Every row of work and of the record, as only a superuser in a test may."""
        rooms = ("ml", "jobs", "faults", "audit", "blobs", "viewing", "submissions", "review",
                 "partners", "webhooks", "backfill", "accounts")  # fmt: skip
        of_rooms = "SELECT tablename FROM pg_tables WHERE split_part(tablename, '_', 1) = ANY(%s)"
        tables = [
            *(f"pgmq.q_{q}" for q in self.bells),
            *(name for (name,) in self.sql(of_rooms, list(rooms))),
        ]
        self.sql(
            "SET session_replication_role = replica;"
            + "".join(f"DELETE FROM {table};" for table in tables)
        )
        for file in [
            *self.home.glob("audit*"),
            *self.home.glob("keys/*.mark"),
            *self.home.glob("f*-*"),
            *self.failpoints.iterdir(),
        ]:
            file.unlink()

    def tear_down(self) -> None:
        self.dismiss_the_clerk()
        for worker in self.workers:
            self.end(worker, signal.SIGKILL)
        postgres.stop(self.pg, "immediate")
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.pg.sockets, ignore_errors=True)

    # --- commands ---------------------------------------------------------------------------
    def python(
        self,
        *args: str,
        env: dict[str, str] | None = None,
        stdin: str = "",
        check: bool = True,
        seconds: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *args], cwd=ROOT, env=env or self.env, input=stdin, text=True,
            capture_output=True, timeout=seconds,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"{args} failed:\n{done.stdout}\n{done.stderr}")
        return done

    def manage(self, *args: str, **how: Any) -> subprocess.CompletedProcess[str]:
        return self.python("manage.py", *args, **how)

    def take_in(self, orders: Iterable[dict[str, Any]]) -> dict[int, str]:
        """Acknowledged analyses, by the number of their order."""
        if self.clerk is None or self.clerk.poll() is not None:
            self.clerk = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.intake"], cwd=ROOT, env=self.env, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        assert self.clerk.stdin and self.clerk.stdout
        acknowledged = {}
        for order in orders:
            self.clerk.stdin.write(json.dumps(order) + "\n")
            self.clerk.stdin.flush()
            number, key = self.clerk.stdout.readline().split()
            acknowledged[int(number)] = key
        return acknowledged

    def dismiss_the_clerk(self) -> None:
        if self.clerk:
            self.clerk.kill()
            self.clerk.communicate()
            self.clerk = None

    # --- database ---------------------------------------------------------------------------
    def sql(self, statement: str, *params: Any) -> list[Any]:
        """As a superuser, whatever happened to the last connection."""
        for _ in range(100):
            try:
                url = self.pg.url(postgres.SUPERUSER)
                with psycopg.connect(url, autocommit=True, connect_timeout=5) as link:
                    cursor = link.execute(statement, params or None)
                    return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise AssertionError("PostgreSQL did not come back")

    def one(self, statement: str, *params: Any) -> Any:
        return self.sql(statement, *params)[0][0]

    def states(self) -> dict[str, int]:
        return dict(self.sql("SELECT state, count(*) FROM ml_analysis GROUP BY 1"))

    def row(self, key: str) -> dict[str, Any]:
        [(found,)] = self.sql("SELECT to_jsonb(a) FROM ml_analysis a WHERE id = %s", key)
        return dict(found)

    def is_done(self, key: str) -> bool:
        return bool(self.row(key)["state"] == "done")

    def wait_for(self, true: Callable[[], bool], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                raise AssertionError(f"not in {seconds} s: {what}; {self.states()}\n{self.log()}")
            time.sleep(0.1)

    def wait_until_settled(self, seconds: float) -> None:
        def settled() -> bool:
            return not {"queued", "running"} & self.states().keys()

        self.wait_for(settled, seconds, "everything is settled")

    def lose_all_bells(self) -> None:
        self.sql("".join(f"DELETE FROM pgmq.q_{queue};" for queue in self.bells))

    def crash_postgres(self) -> None:
        postgres.stop(self.pg, "immediate")
        postgres.start(self.pg)

    # --- workers ----------------------------------------------------------------------------
    def start_worker(self, *args: str, **env: str) -> subprocess.Popen[bytes]:
        with (self.home / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "manage.py", "worker", *args], cwd=ROOT, env={**self.env, **env},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.workers.append(worker)
        return worker

    def log(self) -> str:
        file = self.home / "worker.log"
        return file.read_text(errors="replace")[-4000:] if file.exists() else ""

    def tree(self, worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
        """The worker's children and theirs; remembered, to look for leftovers at the end."""
        found: list[psutil.Process] = []
        try:
            found = psutil.Process(worker.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            pass
        self.seen |= {worker.pid, *(p.pid for p in found)}
        return found

    def slots(self) -> list[int]:
        """The processes that hold a lease now, of workers that live."""
        alive = {p.pid for w in self.workers if w.poll() is None for p in self.tree(w)}
        return sorted(alive & self.working())

    def working(self) -> set[int]:
        busy = self.sql("SELECT worker FROM ml_analysis WHERE state = 'running'")
        pids = self.sql("SELECT name FROM jobs_workerheartbeat WHERE kind = 'slot'")
        names = {name for (name,) in busy} & {name for (name,) in pids}
        return {pid for name in names if (pid := self.pid_of(name))}

    def pid_of(self, name: str) -> int | None:
        """A hand's name ends with its own process id."""
        pid = int(name.rpartition(":")[2])
        return pid if psutil.pid_exists(pid) else None

    def end(self, worker: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> int:
        self.tree(worker)
        if worker.poll() is None:
            worker.send_signal(number)
        for pid in list(self.seen):
            wake(pid)
        worker.wait(30)
        if number == signal.SIGKILL:
            for pid in self.seen - {worker.pid}:
                if psutil.pid_exists(pid):
                    os.kill(pid, signal.SIGKILL)
        return worker.returncode

    def leftovers(self, seconds: float = 10) -> list[str]:
        """What is still there of all processes that were ever seen in a worker's tree."""
        deadline = time.monotonic() + seconds
        while True:
            left = [describe(p) for p in self.seen if alive(p)]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.1)


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def describe(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return "gone"


def wake(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass
