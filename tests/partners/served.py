"""The product's own web server as a process of its own, on a test's database and store."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
MAX_UPLOAD_BYTES = 3_000_000


@contextmanager
def served(
    home: Path, server: list[subprocess.Popen[bytes]] | None = None, **settings_: str
) -> Iterator[int]:
    """gunicorn as `make up` starts it; gives its port. Ended, whatever the test does.

    `server`, a list, receives the process; further names are settings of the environment."""
    db = connection.settings_dict
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "DATABASE_URL": f"postgres://{db['USER']}@{quote(str(db['HOST']), safe='')}/{db['NAME']}",
        "DJANGO_SETTINGS_MODULE": "tests.partners.served_settings",
        "TOUCHSTONE_HOME": str(home),
        "SECRET_KEY": settings.SECRET_KEY,  # so that it knows the sessions of the test
        "DEBUG": "0",
        "MAX_UPLOAD_BYTES": str(MAX_UPLOAD_BYTES),
        "AUDIT_MAKE_KEYS": "1",
        "REQUIRE_SANDBOX": "0",  # the web server decodes nothing
        **settings_,
    }
    command = [
        sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}",
        "--config", str(ROOT / "platform/config/serving.py"),
    ]  # fmt: skip
    with (home / "web.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    if server is not None:
        server.append(process)
    try:
        _wait(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"http://127.0.0.1:{port}/accounts/login/", timeout=60) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the web server did not come up")
