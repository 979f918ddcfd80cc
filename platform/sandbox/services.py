"""The services of the sandbox: decode a file, gather its facts, test the walls.

with warden().decode(file) as decoding:
    for index, seconds, pixels in decoding.frames(): ...
    decoding.audio(), decoding.footer
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import json
import os
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from sandbox import launching, selftest, trust
from sandbox.decoding import Decoding, read_facts
from sandbox.line import Line
from sandbox.types import Code, Limits, Rejected, SandboxFailed, WallReport, Want

START_SECONDS = 60.0
_CREDENTIALS = struct.Struct("3i")
REQUIRE_WALLS = True
"""Whether a child without a wall refuses to work; the Django app sets it from the settings."""


class Warden:
    """A warm fork server. Safe to use from several threads; not across a fork (see `warden`)."""

    def __init__(
        self,
        *,
        require_walls: bool | None = None,
        without: Collection[str] = (),
        understudy: Path | None = None,
    ) -> None:
        """Two for tests: `without` names walls to leave out (bubblewrap, landlock, seccomp);
        `understudy` is a Python file whose `act` plays the child instead of the decoders."""
        self.require_walls = REQUIRE_WALLS if require_walls is None else require_walls
        self._without = frozenset(without)
        self._understudy = understudy
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._pid = 0
        self._trusted: trust.Trusted | None = None
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
        """The warden itself, also where bubblewrap stands between it and us."""
        return self._pid if self._process else None

    def start(self) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            self._forget()
            program = launching.bubblewrap_program()
            notes: tuple[str, ...] = ()
            if program and not self._understudy and launching.BUBBLEWRAP not in self._without:
                if self._begin(program):
                    return
                notes = ("bubblewrap is installed but does not work here",)
            if not self._begin(None):
                raise SandboxFailed("unavailable", "the warden did not start")
            self.notes += notes

    def _begin(self, bubblewrap: str | None) -> bool:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            self._trusted = trust.configured()
            known = launching.environment(self._trusted)
            self._process = subprocess.Popen(
                launching.wrapped(bubblewrap, number, self._without, known)
                if bubblewrap
                else launching.plain(number, self._without, understudy=self._understudy),
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=known,
                cwd="/",
            )
        self._control = ours
        ours.settimeout(START_SECONDS)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        try:
            data, extra, _, _ = ours.recvmsg(65536, socket.CMSG_SPACE(_CREDENTIALS.size))
            answer = json.loads(data or b"{}")
        except (OSError, ValueError):
            answer, extra = {}, []
        if "ready" not in answer:
            self._end()
            return False
        ours.settimeout(None)
        # Process ids differ inside bubblewrap: the kernel reports the one outside.
        pids = [_CREDENTIALS.unpack(body)[0] for _, _, body in extra]
        self._pid = pids[0] if pids else self._process.pid
        self.layers, self.notes = tuple(answer["layers"]), tuple(answer["notes"])
        return True

    @property
    def trusted(self) -> trust.Trusted:
        """The lists that its children have, or would have, if it has not been started."""
        return trust.configured() if self._trusted is None else self._trusted

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
                if self._pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(self._pid, signal.SIGKILL)
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
        return Decoding(self.send(file, request, limits), want, limits)

    def facts(self, file: BinaryIO, *, limits: Limits | None = None) -> dict[str, Any]:
        """The facts that the file states about itself, as plain JSON. Odd metadata is stated, never
        raised."""
        limits = limits or Limits()
        return read_facts(self.send(file, {"do": "facts"}, limits), limits)

    def send(
        self, file: BinaryIO, request: dict[str, Any], limits: Limits, *, as_it_is: bool = False
    ) -> Line:
        """Have one child made for this file. `as_it_is` hands over the caller's own descriptor."""
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
            readable = os.dup(file.fileno()) if as_it_is else _read_only(file.fileno())
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


def self_test() -> WallReport:
    """Try every escape in a warden of its own, which lives only for that."""
    with Warden(require_walls=False) as examined:
        return selftest.examine(examined)


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


def _at_exit() -> None:
    if _mine is not None and _mine[0] == os.getpid():
        _mine[1].close()


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)
