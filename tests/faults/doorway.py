"""The web server of an installation under test: gunicorn as `make up` starts it, on its own
port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import requests

from tests.faults.house import ROOT, House


class Doorway:
    def __init__(self, house: House, workers: int = 2) -> None:
        self.house, self.workers = house, workers
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        with (self.house.home / "web.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "gunicorn", "config.wsgi",
                    "--config", str(ROOT / "platform/config/serving.py"),
                    "--bind", f"127.0.0.1:{self.port}", "--workers", str(self.workers),
                ],
                cwd=ROOT, env=self.house.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def wait_until_open(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                requests.get(f"{self.url}/api/v1/submissions/", timeout=60)  # 401 is an answer
                return
            except requests.RequestException:
                time.sleep(0.2)
        log = (self.house.home / "web.log").read_text(errors="replace")
        raise AssertionError(f"the web server does not answer:\n{log[-3000:]}")

    def slots(self) -> list[int]:
        if self.process is None or self.process.poll() is not None:
            return []
        try:
            return [child.pid for child in psutil.Process(self.process.pid).children()]
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """All of it at once: nothing is finished, nothing is said."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process = None
