"""The callers of the contract, each behind a driver process that is started once."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
TYPESCRIPT = ROOT / "clients/typescript"
LONGEST_ANSWER = 120.0
CALLERS = {
    "python": "python", "python-async": "python", "typescript": "node", "generated": "node",
}  # fmt: skip
"""Each caller's driver. `generated` is made of the schema's operations alone: it neither repeats
nor waits, and has no resumable uploads and no verification of webhooks."""
COMMANDS = {
    "python": [sys.executable, "-m", "tests.clients.contract.python_driver"],
    "node": ["node", str(TYPESCRIPT / "contract/driver.mjs")],
}


class Refused(Exception):
    """What a caller raised, in words that are alike in every language."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(str(problem))
        self.kind = problem["kind"]
        self.status, self.code = problem.get("status"), problem.get("code")
        self.detail, self.fields = problem.get("detail"), problem.get("fields")
        self.retry_after = problem.get("retry_after")


class Driver:
    """A process that answers a command a line."""

    def __init__(self, name: str) -> None:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(
            str(ROOT / folder) for folder in ("", "clients/python/src"))}  # fmt: skip
        self.process = subprocess.Popen(
            COMMANDS[name], cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.owes = 0
        """Answers that nobody has read yet."""

    def say(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.owes += 1
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], LONGEST_ANSWER)
        line = self.process.stdout.readline() if ready else b""
        assert line, "the driver gave no answer"
        self.owes -= 1
        answer = json.loads(line)
        if "error" in answer:
            assert answer["error"]["kind"] != "broken", answer["error"]["detail"]
            raise Refused(answer["error"])
        return answer["ok"]

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Drivers:
    started: dict[str, Driver] = field(default_factory=dict)

    def of(self, caller: str) -> Driver:
        """Another process, where a case failed before it heard its answer."""
        name = CALLERS[caller]
        if name in self.started and self.started[name].owes:
            self.started.pop(name).kill()
        if name not in self.started:
            self.started[name] = Driver(name)
        return self.started[name]


@contextmanager
def drivers() -> Iterator[Drivers]:
    found = Drivers()
    try:
        yield found
    finally:
        for one in found.started.values():
            one.end()


@dataclass(frozen=True)
class Client:
    """One caller with one key, at one server."""

    caller: str
    driver: Driver
    url: str
    key: str
    options: dict[str, Any] = field(default_factory=dict)

    def begin(self, ask: str, **words: Any) -> None:
        """For an answer that comes after something else has happened: `end` waits for it."""
        if isinstance(media := words.get("media"), bytes):
            words["media"] = base64.b64encode(media).decode()
        self.driver.say({"caller": self.caller, "url": self.url, "key": self.key,
                         "options": self.options, "ask": ask, **words})  # fmt: skip

    def end(self) -> Any:
        return self.driver.hear()

    def ask(self, ask: str, **words: Any) -> Any:
        self.begin(ask, **words)
        return self.end()

    def refused(self, ask: str, **words: Any) -> Refused:
        try:
            found = self.ask(ask, **words)
        except Refused as refusal:
            return refusal
        raise AssertionError(f"not refused: {found}")


def why_not(caller: str) -> str:
    """Why this caller cannot run here; empty where it can."""
    if CALLERS[caller] != "node":
        return ""
    if not (shutil.which("node") and shutil.which("npm")):
        return "node and npm are not installed"
    return install()


def install() -> str:
    """The libraries of clients/typescript in the versions of its lock. Why not, where it fails.
    Test processes side by side wait for the one that installs."""
    wanted, there = TYPESCRIPT / "package-lock.json", TYPESCRIPT / "node_modules/.package-lock.json"
    command = ["npm", "ci", "--no-audit", "--no-fund"]
    with wanted.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if there.exists() and there.stat().st_mtime >= wanted.stat().st_mtime:
            return ""
        done = subprocess.run(command, cwd=TYPESCRIPT, capture_output=True, timeout=300)
    return "npm cannot install the client's libraries: no network" if done.returncode else ""
