"""The sandbox's verbs: decode a file, gather its facts, try the walls.

with warden().decode(file) as decoding:
    for index, seconds, pixels in decoding.frames(): ...
    decoding.audio(), decoding.footer
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from sandbox.decoding import Decoding, read_facts
from sandbox.line import Line
from sandbox.types import Code, Limits, Rejected, SandboxFailed, Want

PLATFORM = Path(__file__).resolve().parents[1]
START_SECONDS = 60.0
_ENVIRONMENT = {
    "PYTHONPATH": str(PLATFORM),
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    # One thread before the fork, few arenas after it: address space is limited in the child.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}


class Warden:
    """A warm fork server. Safe to use from several threads; not across a fork (see `warden`)."""

    def __init__(self, *, require_walls: bool = True) -> None:
        self.require_walls = require_walls
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self.layers: tuple[str, ...] = ()
        self.notes: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            self._forget()
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "sandbox.warden", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env=_ENVIRONMENT,
                    cwd="/",
                )
            self._control = ours
            ours.settimeout(START_SECONDS)
            try:
                told = json.loads(ours.recv(65536) or b"{}")
            except (OSError, ValueError):
                told = {}
            if "ready" not in told:
                self._end()
                raise SandboxFailed("unavailable", "the warden did not start")
            ours.settimeout(None)
            self.layers = tuple(told["layers"])
            self.notes = tuple(told["notes"])

    def close(self) -> None:
        """End the warden and every child of it."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        process = self._process
        if self._control is not None:
            self._control.close()
        if process is not None:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._process = self._control = None

    def _forget(self) -> None:
        if self._control is not None:
            self._control.close()
        self._process = self._control = None

    def decode(
        self, file: BinaryIO, *, want: Want | None = None, limits: Limits | None = None
    ) -> Decoding:
        """Start decoding. Raises Rejected or SandboxFailed when there is not even a header."""
        want, limits = want or Want(), limits or Limits()
        request = {"do": "decode", "want": dataclasses.asdict(want)}
        return Decoding(self._send(file, request, limits), want, limits)

    def facts(self, file: BinaryIO, *, limits: Limits | None = None) -> dict[str, Any]:
        """What the file says about itself, as plain JSON. Odd metadata is said, never raised."""
        limits = limits or Limits()
        return read_facts(self._send(file, {"do": "facts"}, limits), limits)

    def _send(self, file: BinaryIO, request: dict[str, Any], limits: Limits) -> Line:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise Rejected(Code.EMPTY)
        request |= {
            "require_walls": self.require_walls,
            "size": size,
            "limits": dataclasses.asdict(limits),
        }
        message = json.dumps(request).encode()
        with contextlib.ExitStack() as stack:
            readable = _read_only(file.fileno())
            stack.callback(os.close, readable)
            pipe, theirs = os.pipe()
            stack.callback(os.close, theirs)
            lifeline, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            stack.callback(far.close)
            line = Line(pipe, lifeline, limits.wall_seconds)
            try:
                self._hand_over(message, [readable, theirs, far.fileno()])
            except BaseException:
                os.close(pipe)
                lifeline.close()
                raise
            return line

    def _hand_over(self, message: bytes, fds: list[int]) -> None:
        for attempt in (1, 2):
            self.start()
            control = self._control
            try:
                if control is None:
                    raise BrokenPipeError
                socket.send_fds(control, [message], fds, socket.MSG_NOSIGNAL)
                return
            except OSError as error:  # the warden has died since the last file: once more, new
                with self._lock:
                    self._end()
                if attempt == 2:
                    raise SandboxFailed("unavailable", type(error).__name__) from error


def _read_only(fd: int) -> int:
    """A descriptor of its own: no shared offset, and no writing even where ours could write."""
    try:
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return os.dup(fd)


_mine: tuple[int, Warden] | None = None
_mine_lock = threading.Lock()


def warden() -> Warden:
    """This process's warden, started when first asked for. A fork gets its own."""
    global _mine
    with _mine_lock:
        if _mine is None or _mine[0] != os.getpid():
            _mine = (os.getpid(), Warden())
        return _mine[1]


def _after_fork() -> None:
    """The parent's warden is the parent's: let go of its socket, or it would outlive the parent."""
    global _mine, _mine_lock
    _mine_lock = threading.Lock()
    if _mine is not None:
        _mine[1]._forget()
        _mine = None


os.register_at_fork(after_in_child=_after_fork)
