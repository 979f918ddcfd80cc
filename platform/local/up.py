"""`make up`: starts everything that Touchstone needs on this machine with one command.

It can be run again safely. Ctrl-C, SIGTERM or closing the terminal stops what it started and leaves
no process behind.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn
from urllib.request import urlopen

from local import postgres

ROOT = postgres.ROOT
PYTHON = sys.executable
GRACE_SECONDS = 20
ENDING_SECONDS = 2 * GRACE_SECONDS
LOG_BYTES = 50_000_000
ADMIN = "admin@localhost"
PR_SET_PDEATHSIG = 1
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def home() -> Path:
    return Path(os.environ.get("TOUCHSTONE_HOME", ROOT / ".touchstone"))


class Steps:
    """One line a step: what is being done, and how long it took."""

    def __init__(self, total: int) -> None:
        self.total, self.number = total, 0

    def __call__(self, title: str, work: Callable[[], str | None]) -> None:
        self.number += 1
        print(f"[{self.number}/{self.total}] {title} ...", end="", flush=True)
        began = time.monotonic()
        result = work()
        print(f" {result or 'done'} ({time.monotonic() - began:.1f} s)", flush=True)


def log_path(name: str) -> Path:
    return home() / "logs" / f"{name}.log"


def opened_log(name: str) -> IO[bytes]:
    path = log_path(name)
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    log = os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640), "ab")
    os.fchmod(log.fileno(), 0o640)
    return log


class Commands:
    """Management commands, asked of one process (`local.commands`). A failure ends `make up`."""

    process: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        """It gets ready while something else is done."""
        log = opened_log("commands")
        self.process = subprocess.Popen(
            [PYTHON, "-m", "local.commands"],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        log.close()

    def __call__(self, *args: str) -> str:
        assert self.process and self.process.stdin and self.process.stdout
        try:
            print(json.dumps(args), file=self.process.stdin, flush=True)
            answer = json.loads(self.process.stdout.readline())
        except (OSError, ValueError):  # it was killed
            answer = {"failed": f"See {log_path('commands')}."}
        if "failed" in answer:
            _failed(args, answer["failed"])
        return str(answer["said"])

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def manage(*args: str, **env: str) -> str:
    """One management command in a process of its own, with settings of its own."""
    done = subprocess.run(
        [PYTHON, "manage.py", *args], cwd=ROOT, text=True, capture_output=True, env=os.environ | env
    )
    if done.returncode:
        _failed(args, done.stdout + done.stderr)
    return done.stdout.strip()


def _failed(args: Sequence[str], output: str) -> NoReturn:
    print(f"\n\n`manage.py {' '.join(args)}` failed:\n{output}")
    raise SystemExit(1)


def alone() -> IO[bytes]:
    """A lock for as long as this run lasts: one that is ending stops the database that the next one
    uses. The system releases it, however the run ends."""
    lock = (home() / "up.lock").open("ab")
    deadline = time.monotonic() + ENDING_SECONDS
    announced = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise SystemExit(
                    f"Touchstone runs from {home()} already. Stop that first, or set "
                    "TOUCHSTONE_HOME to another folder."
                ) from None
        if not announced:
            print("Waiting for the end of another run ...", flush=True)
            announced = True
        time.sleep(0.2)


def secret_key() -> str:
    file = home() / "secret_key"
    if file.exists():
        return "kept"
    file.touch(mode=0o600)
    file.write_text(secrets.token_urlsafe(50))
    return "made"


def free_port(first: int) -> int:
    for port in range(first, first + 50):
        with socket.socket() as probe:
            # As the web server does: a connection that is only closing must not look like a server.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit(f"No free port between {first} and {first + 49}; set PORT.")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Services:
    """The processes that we started, and their orderly end."""

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.logs: list[Path] = []

    def start(self, name: str, *command: str) -> None:
        log = opened_log(name)
        self.logs.append(log_path(name))
        # An own session: Ctrl-C in the terminal reaches us alone, and we end the others in order.
        self.running[name] = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        log.close()

    def rotate_logs(self) -> None:
        """Each log keeps one predecessor. Its writers append, so that a truncated file continues
        from its beginning."""
        for path in self.logs:
            if path.stat().st_size > LOG_BYTES:
                shutil.copyfile(path, path.with_suffix(".log.1"))
                path.with_suffix(".log.1").chmod(0o640)
                os.truncate(path, 0)

    def ended(self) -> str | None:
        return next((n for n, p in self.running.items() if p.poll() is not None), None)

    def stop(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                print("(a process did not end in time and is killed)")
            # Whatever is left of its session goes with it.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


def wait_for_web(url: str, services: Services, seconds: float = 180) -> None:
    """A slow or busy machine needs more than a minute; a server that ended is seen at once."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if name := services.ended():
            raise SystemExit(f"\n{name} ended at once; its log is {home() / 'logs' / name}.log")
        try:
            with urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"\nThe web server did not answer at {url}; see {home() / 'logs'}.")


def stop_on_signals() -> None:
    """SIGINT stops us even if it was handed down ignored, as a script's `make up &` does. SIGHUP
    does so unless it was handed down ignored, which only `nohup` does, and on purpose."""
    for number in STOPS:
        kept = number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN
        if not kept:
            signal.signal(number, _interrupt)


def _ignore_signals() -> None:
    """The end is orderly, however often somebody asks for it."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class Run:
    """One run of `make up`: what it starts, and its end."""

    def __init__(self) -> None:
        self.pg = postgres.server()
        self.embedded = "DATABASE_URL" not in os.environ
        self.starts_postgres = self.embedded and not postgres.is_running(self.pg)
        self.services, self.commands = Services(), Commands()
        self.port = free_port(int(os.environ.get("PORT", "8000")))
        self.url = f"http://localhost:{self.port}"
        self.password = ""
        os.environ.setdefault("PUBLIC_URL", self.url)

    def start(self) -> None:
        step = Steps(9)
        step("Secret key", secret_key)
        step("Database", self._database)
        step("Migrations", self._migrate)
        step("Keys", lambda: self.commands("keys", "init") and None)
        step("Pages and pictures", lambda: self.commands("collectstatic", "--noinput") and None)
        step("Administrator", self._administrator)
        step("Web and worker", self._web_and_worker)
        step("Demo teams", lambda: self.commands("demo", "teams"))
        step("Sample analyses", lambda: self.commands("demo", "samples"))
        self.commands.end()

    def _database(self) -> str:
        if not self.embedded:
            return "yours, from DATABASE_URL"
        postgres.start(self.pg)
        os.environ["DATABASE_URL"] = self.pg.url(postgres.APP)
        os.environ["OWNER_DATABASE_URL"] = self.pg.url(postgres.OWNER)
        return "embedded PostgreSQL is up"

    def _migrate(self) -> None:
        self.commands.begin()
        # The owner migrates; the application's own role may not alter a table.
        owner = os.environ.get("OWNER_DATABASE_URL", os.environ["DATABASE_URL"])
        manage("migrate", "--noinput", DATABASE_URL=owner)

    def _administrator(self) -> str:
        self.password = self.commands("create_admin", "--email", ADMIN, "--only-password")
        return "made" if self.password else "kept"

    def _web_and_worker(self) -> str:
        self.services.start("worker", PYTHON, "manage.py", "worker")
        self.services.start(
            "web", PYTHON, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{self.port}",
            "--config", str(ROOT / "platform/config/serving.py"),
        )  # fmt: skip
        wait_for_web(f"{self.url}/accounts/login/", self.services)
        return self.url

    def print_address(self) -> None:
        print(f"\nTouchstone is at {self.url}\n    email     {ADMIN}")
        if self.password:
            print(f"    password  {self.password}    (shown this once; change it under Account)")
        else:
            print("    password  as printed on the first run (`manage.py create_admin` resets it)")
        print(f"    logs      {home() / 'logs'}")
        if not os.environ.get("EMAIL_URL"):
            print(f"    mail      {home() / 'mail.txt'}    (no EMAIL_URL is set: nothing is sent)")
        print("\nCtrl-C stops everything.", flush=True)

    def wait(self) -> None:
        """Until one of the services ends by itself."""
        while (name := self.services.ended()) is None:
            self.services.rotate_logs()
            time.sleep(0.5)
        print(f"\n{name} ended by itself; its log is {home() / 'logs' / name}.log")

    def end(self) -> None:
        self.commands.end()
        self.services.stop()
        if self.starts_postgres:
            postgres.stop(self.pg)
        print(" stopped." if self.starts_postgres or self.services.running else "")


def main() -> int:
    os.environ["PYTHONPATH"] = "platform"
    stop_on_signals()
    home().mkdir(parents=True, exist_ok=True)
    lock = alone()
    run = Run()
    try:
        run.start()
        run.print_address()
        run.wait()
        return 1
    except KeyboardInterrupt:
        print("\nStopping ...", end="", flush=True)
        return 0
    finally:
        _ignore_signals()
        run.end()
        lock.close()


if __name__ == "__main__":
    sys.exit(main())
