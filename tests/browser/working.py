"""A real worker process for a live server: the same database, the same store, its own memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def a_worker(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py worker` on the test's database; ended, whatever the test does."""
    db = connection.settings_dict
    url = f"postgres://{db['USER']}@{quote(str(db['HOST']), safe='')}/{db['NAME']}"
    env = {
        **os.environ,
        "DATABASE_URL": url,
        "TOUCHSTONE_HOME": str(home),
        "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
        "SECRET_KEY": "x" * 60,
        "REQUIRE_SANDBOX": "0",  # the check at every start alone: media is decoded behind the wall
        "JOBS_GRACE_SECONDS": "1",
        "AUDIT_MAKE_KEYS": "1",
    }
    command = [sys.executable, "manage.py", "worker", "--concurrency", "1", "--no-broker"]
    with (home / "worker.log").open("ab") as log:
        worker = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield worker
    finally:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(20)
        finally:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
