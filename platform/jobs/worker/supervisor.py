"""The parent of a worker's processes: starts them, replaces those that die, and stops them in
order.

It has no threads and no database connection and loads no model, so that it can fork safely and
fast.
"""

from __future__ import annotations

import ctypes
import logging
import os
import secrets
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connections
from django.utils.module_loading import import_string

from jobs import liveness, registry
from jobs.worker import beat, courier, slot

log = logging.getLogger("touchstone.worker")

PR_SET_PDEATHSIG = 1
STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
LONGEST_PAUSE = 30.0


@dataclass
class ManagedProcess:
    """A process that should be there, and the one that is."""

    title: str
    live: Callable[[str, str | None], None]
    pid: int = 0
    name: str = ""
    born: float = 0.0
    falls: int = 0
    not_before: float = field(default=0.0)


class Supervisor:
    def __init__(
        self,
        concurrency: int,
        *,
        broker: bool,
        kinds: frozenset[str] | None = None,
        reserved: int = 0,
    ) -> None:
        """`reserved` slots leave long work alone, so that short work finds one free."""

        def slot_of(kinds: frozenset[str] | None) -> Callable[[str, str | None], None]:
            return lambda name, replaces: slot.run(
                name, broker=broker, replaces=replaces, kinds=kinds
            )

        def the_beat(name: str, _replaces: str | None) -> None:
            beat.run(name)

        self.processes = [
            ManagedProcess("beat", the_beat),
            ManagedProcess("courier", courier.run),
        ]
        short = (registry.kinds() if kinds is None else kinds) - registry.long_kinds()
        self.processes += [
            ManagedProcess(f"slot{n}", slot_of(short if n <= reserved else kinds))
            for n in range(1, concurrency + 1)
        ]

    def run(self) -> int:
        stops = stop_signals()
        awaited = {signal.SIGCHLD, *stops}
        signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
        # The default action of SIGCHLD is to be ignored, which would hide it from sigtimedwait.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        _preload()
        connections.close_all()
        while True:
            for process in self.processes:
                if not process.pid and time.monotonic() >= process.not_before:
                    self._start(process)
            got = signal.sigtimedwait(awaited, 1.0)
            self._bury()
            if got and got.si_signo in stops:
                return self._end()

    def _start(self, process: ManagedProcess) -> None:
        replaces, token = process.name or None, secrets.token_hex(3)
        process.born = time.monotonic()
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        # The token keeps two lives apart that got the same process id.
        process.pid = pid or os.getpid()
        process.name = f"{liveness.this_host()}:{process.title}:{token}:{process.pid}"
        if pid == 0:
            _live(process, replaces, parent)

    def _bury(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for process in self.processes:
                if process.pid == pid:
                    self._note_end(process, status)

    def _note_end(self, process: ManagedProcess, status: int) -> None:
        lived = time.monotonic() - process.born
        process.pid = 0
        # Who falls at once, again and again, is started more and more seldom.
        process.falls = process.falls + 1 if lived < 5 else 0
        pause = min(0.5 * 2 ** (process.falls - 3), LONGEST_PAUSE) if process.falls > 3 else 0.0
        process.not_before = time.monotonic() + pause
        log.warning("%s ended (%s) after %.0f s", process.name, _ending(status), lived)

    def _end(self) -> int:
        """All processes are signalled at once. Those that do not stop in time are killed."""
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + slot.grace_seconds() + 5
        while any(p.pid for p in self.processes) and time.monotonic() < deadline:
            signal.sigtimedwait({signal.SIGCHLD}, 0.2)
            self._bury()
        self._signal_all(signal.SIGKILL)
        while any(p.pid for p in self.processes):
            signal.sigtimedwait({signal.SIGCHLD}, 0.2)
            self._bury()
        return 0

    def _signal_all(self, number: int) -> None:
        for process in self.processes:
            if process.pid:
                os.kill(process.pid, number)


def stop_signals() -> set[signal.Signals]:
    """SIGINT stops a worker even if it was handed down ignored, as a script's `&` does. SIGHUP
    does so unless it was handed down ignored, which only `nohup` does, and on purpose."""
    hung_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return STOPS if hung_up else STOPS - {signal.SIGHUP}


def _live(process: ManagedProcess, replaces: str | None, parent: int) -> None:
    """In the child: never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        slot.leave_to_the_parent()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD, *STOPS})
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)
        process.live(process.name, replaces)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _preload() -> None:
    """What every slot needs and what a fork does no harm to: a dead slot is replaced at once."""
    from celery.apps import worker  # noqa: F401
    from celery.concurrency import solo  # noqa: F401
    from celery.worker import consumer  # noqa: F401
    from kombu.transport import pgmq, redis  # noqa: F401

    app = import_string(settings.CELERY_APP)

    app.loader.import_default_modules()


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit status {os.waitstatus_to_exitcode(status)}"
