"""The parent of a worker's processes: starts them, replaces those that die, ends them in order.

It has no thread and no database connection, loads no model, and so forks safely and at once.
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

from jobs import liveness
from jobs.worker import beat, courier, hand

log = logging.getLogger("touchstone.worker")

PR_SET_PDEATHSIG = 1
STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
LONGEST_PAUSE = 30.0


@dataclass
class Place:
    """A process that should be there, and the one that is."""

    title: str
    live: Callable[[str, str | None], None]
    pid: int = 0
    name: str = ""
    born: float = 0.0
    falls: int = 0
    not_before: float = field(default=0.0)


class Supervisor:
    def __init__(self, concurrency: int, *, broker: bool) -> None:
        def one_hand(name: str, replaces: str | None) -> None:
            hand.run(name, broker=broker, replaces=replaces)

        def the_beat(name: str, _replaces: str | None) -> None:
            beat.run(name)

        self.places = [Place("beat", the_beat), Place("courier", courier.run)]
        self.places += [Place(f"hand{n}", one_hand) for n in range(1, concurrency + 1)]

    def run(self) -> int:
        stops = stop_signals()
        awaited = {signal.SIGCHLD, *stops}
        signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
        # The default action of SIGCHLD is to be ignored, which would hide it from sigtimedwait.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        _preload()
        connections.close_all()
        while True:
            for place in self.places:
                if not place.pid and time.monotonic() >= place.not_before:
                    self._start(place)
            got = signal.sigtimedwait(awaited, 1.0)
            self._bury()
            if got and got.si_signo in stops:
                return self._end()

    def _start(self, place: Place) -> None:
        replaces, token = place.name or None, secrets.token_hex(3)
        place.born = time.monotonic()
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        # The token keeps two lives apart that got the same process id.
        place.pid = pid or os.getpid()
        place.name = f"{liveness.this_host()}:{place.title}:{token}:{place.pid}"
        if pid == 0:
            _live(place, replaces, parent)

    def _bury(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for place in self.places:
                if place.pid == pid:
                    self._note_end(place, status)

    def _note_end(self, place: Place, status: int) -> None:
        lived = time.monotonic() - place.born
        place.pid = 0
        # Who falls at once, again and again, is started more and more seldom.
        place.falls = place.falls + 1 if lived < 5 else 0
        pause = min(0.5 * 2 ** (place.falls - 3), LONGEST_PAUSE) if place.falls > 3 else 0.0
        place.not_before = time.monotonic() + pause
        log.warning("%s ended (%s) after %.0f s", place.name, _ending(status), lived)

    def _end(self) -> int:
        """Everybody is told at once; who does not go in time is killed."""
        self._tell(signal.SIGTERM)
        deadline = time.monotonic() + hand.grace_seconds() + 5
        while any(p.pid for p in self.places) and time.monotonic() < deadline:
            signal.sigtimedwait({signal.SIGCHLD}, 0.2)
            self._bury()
        self._tell(signal.SIGKILL)
        while any(p.pid for p in self.places):
            signal.sigtimedwait({signal.SIGCHLD}, 0.2)
            self._bury()
        return 0

    def _tell(self, number: int) -> None:
        for place in self.places:
            if place.pid:
                os.kill(place.pid, number)


def stop_signals() -> set[signal.Signals]:
    """SIGINT stops a worker even if it was handed down ignored, as a script's `&` does. SIGHUP
    does so unless it was handed down ignored, which only `nohup` does, and on purpose."""
    hung_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return STOPS if hung_up else STOPS - {signal.SIGHUP}


def _live(place: Place, replaces: str | None, parent: int) -> None:
    """In the child: never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        hand.leave_to_the_parent()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD, *STOPS})
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)
        place.live(place.name, replaces)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _preload() -> None:
    """What every hand needs and what a fork does no harm to: a dead hand is replaced at once."""
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
