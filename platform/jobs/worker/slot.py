"""One slot: a process that works on one job at a time.

Celery's solo worker (main thread) receives the wake-ups. A second thread polls for rows that no one
has taken, so that a lost or unreachable broker costs only seconds. The first of the two to find
work uses the slot. Models are loaded here, after the fork, on first use.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterable
from importlib.abc import MetaPathFinder
from types import FrameType

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.utils.module_loading import import_string

from jobs import bell, liveness, registry, timing
from jobs.claiming import breaker
from jobs.claims import Claim
from jobs.errors import Why
from jobs.models import LeasedJob
from jobs.runner import execute
from jobs.services import claim, worker_died

log = logging.getLogger("touchstone.worker")

AFTER_OUTAGE_SECONDS = 60.0
HEARTBEAT_SECONDS = 20.0
DEAF_AFTER = 3
"""Overdue rows in a row, with no bell received between them."""
ORDERLY_SECONDS = 5.0
"""After the grace time, to write down what is to be written down and to go."""

_this: WorkerSlot | None = None


def this_process() -> WorkerSlot:
    """The slot of this process; a Celery worker started by other means gets one on first use."""
    global _this
    if _this is None:
        _this = WorkerSlot(f"{liveness.this_host()}:{os.getpid()}")
    return _this


class WorkerSlot:
    def __init__(
        self, name: str, *, may_exit: bool = False, kinds: frozenset[str] | None = None
    ) -> None:
        self.name, self.may_exit, self.kinds = name, may_exit, kinds
        self.stopping = threading.Event()
        self._busy = threading.Lock()
        self._current: Claim | None = None
        self.bells = BellMonitor()
        self._heartbeat_at = 0.0
        self._resumed_at = -AFTER_OUTAGE_SECONDS

    def answer(self) -> None:
        """The bell rang: work until nothing is due."""
        self.bells.received()
        while not self.stopping.is_set():
            if not self._busy.acquire(timeout=1):
                continue  # the other thread is at work; the bell waits for it
            try:
                while self._work_once(overdue=0.0):
                    pass
                return
            finally:
                self._busy.release()

    def look_for_overdue(self, broker: bool) -> None:
        """The second thread. Without a broker every due row is ours, and we look twice a second."""
        every, overdue = (5.0, timing.overdue_seconds() / 2) if broker else (0.5, 0.0)
        every = min(every, timing.overdue_seconds())
        while not self.stopping.wait(every):
            try:
                self._record_heartbeat()
                if breaker.code and breaker.may_claim():
                    self._resumed_at = time.monotonic()
                while self._work_on_overdue(overdue):
                    pass
                if broker and self.may_exit and self.bells.have_stopped():
                    self._renew()
            except DatabaseError as error:
                log.warning("the database is away: %s", error)
                connection.close()
                self._resumed_at = time.monotonic()
        connection.close()

    def _record_heartbeat(self) -> None:
        if time.monotonic() - self._heartbeat_at > HEARTBEAT_SECONDS or breaker.code:
            liveness.record_heartbeat(self.name, "slot")
            breaker.note(self.name)
            self._heartbeat_at = time.monotonic()

    def _work_on_overdue(self, overdue: float) -> bool:
        """Once. False when nothing was due, or the other thread is at work."""
        if self.stopping.is_set() or not self._busy.acquire(blocking=False):
            return False
        try:
            # After an outage what waits is not overdue yet, and nobody rings for it again.
            if time.monotonic() - self._resumed_at < AFTER_OUTAGE_SECONDS:
                overdue = 0.0
            worked = self._work_once(overdue=overdue)
            if worked and overdue:
                self.bells.missed()
            return worked
        finally:
            self._busy.release()

    def _work_once(self, overdue: float) -> bool:
        """One job of each model that has one; one in the background only when no other has. False
        when nothing was due, or nothing may be claimed now."""
        if not breaker.may_claim():
            return False
        first = [self._one_of(model, overdue) for model in registry.models(background=False)]
        return any(first) or any(
            self._one_of(model, overdue) for model in registry.models(background=True)
        )

    def _one_of(self, model: type[LeasedJob], overdue: float) -> bool:
        if self.stopping.is_set():
            return False
        taken = claim(model, worker=self.name, overdue=overdue, kinds=self.kinds)
        if taken is None:
            return False
        self._current = taken
        try:
            if self.stopping.is_set():
                taken.stop(Why.SHUTDOWN)
            execute(taken, may_exit=self.may_exit)
        finally:
            self._current = None
        return True

    def _renew(self) -> None:
        """The consumer cannot be repaired: this process ends, and the supervisor starts another."""
        from celery.worker import state

        log.warning("the broker is there and its bells are not heard; this process is replaced")
        state.should_stop = 0
        self.stop(grace_seconds())

    def stop(self, grace_seconds: float) -> None:
        """Claim nothing more; what runs has the grace time to finish, then goes back."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        threading.Thread(target=self._end_grace, args=(grace_seconds,), daemon=True).start()

    def _end_grace(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.1)
        if current := self._current:
            current.stop(Why.SHUTDOWN)
        if self.may_exit:
            # Whoever still hangs then would outlive a supervisor that was killed.
            time.sleep(ORDERLY_SECONDS)
            os._exit(71)

    def wait_until_idle(self, seconds: float) -> None:
        if self._busy.acquire(timeout=seconds):
            self._busy.release()


class BellMonitor:
    """Whether bells still arrive. A consumer can be alive and receive no messages any more, for
    example after Redis restarted while the slot was working. Rows then become overdue repeatedly,
    although the broker is available."""

    def __init__(self) -> None:
        self._missed: list[float] = []

    def received(self) -> None:
        self._missed.clear()

    def missed(self) -> None:
        """A row was overdue: its bell was lost or not received."""
        self._missed = [*self._missed, time.monotonic()][-DEAF_AFTER:]

    def have_stopped(self) -> bool:
        if len(self._missed) < DEAF_AFTER:
            return False
        self._missed.clear()  # a broker that is away is asked once for each few rows
        return broker_is_there()


def broker_is_there() -> bool:
    app = import_string(settings.CELERY_APP)
    try:
        with app.connection_for_write() as link:
            link.ensure_connection(max_retries=1, timeout=2)
    except Exception as error:  # whatever a broker's library raises
        log.warning("the broker is away (%s); overdue rows are taken without it", error)
        return False
    return True


class NeverImported(MetaPathFinder):
    """In a worker some packages must not be loaded, by whatever library tries: half a gigabyte."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name} is not for workers (WORKER_NEVER_IMPORTS)")


def leave_to_the_parent() -> None:
    """A terminal sends Ctrl-C and its own end to the whole process group. The supervisor answers
    and sends SIGTERM to its children, who therefore ignore both."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def grace_seconds() -> float:
    return float(getattr(settings, "JOBS_GRACE_SECONDS", 8.0))


def run(
    name: str, *, broker: bool, replaces: str | None, kinds: frozenset[str] | None = None
) -> None:
    """The whole life of a slot's process."""
    from celery.worker import state

    global _this
    sys.meta_path.insert(0, NeverImported(getattr(settings, "WORKER_NEVER_IMPORTS", ())))
    slot = _this = WorkerSlot(name, may_exit=True, kinds=kinds)
    _declare(slot, replaces)
    looker = threading.Thread(target=slot.look_for_overdue, args=(broker,), name="overdue")

    def on_term(number: int, frame: FrameType | None) -> None:
        # Celery has its own handler once it runs; told here, it does not even begin.
        state.should_stop = 0
        slot.stop(grace_seconds())

    signal.signal(signal.SIGTERM, on_term)
    looker.start()
    try:
        if broker:
            _answer_the_bell(slot)
        else:
            slot.stopping.wait()
    finally:
        slot.stop(grace_seconds())
        slot.wait_until_idle(grace_seconds() + 5)
        looker.join(timeout=5)
        try:
            liveness.gone(name)
        except DatabaseError:
            pass
        connection.close()


def _answer_term_alone(worker: object) -> None:
    from celery.apps.worker import install_worker_term_handler

    install_worker_term_handler(worker)


def _declare(slot: WorkerSlot, replaces: str | None) -> None:
    try:
        if replaces:
            worker_died(replaces)
            liveness.gone(replaces)
        liveness.record_heartbeat(slot.name, "slot")
    except DatabaseError as error:
        log.warning("the database is away at start: %s", error)
        connection.close()


def _answer_the_bell(slot: WorkerSlot) -> None:
    """Runs Celery in this thread until it has to stop; restarts it if it fails."""
    from celery.platforms import SecurityWarning
    from celery.signals import worker_shutting_down

    app = import_string(settings.CELERY_APP)

    # It fears pickle, which is not accepted here (config/doorbell.py).
    warnings.filterwarnings("ignore", category=SecurityWarning)

    def shutting_down(**_: object) -> None:
        slot.stop(grace_seconds())

    worker_shutting_down.connect(shutting_down, weak=False)
    while not slot.stopping.is_set():
        try:
            worker = app.Worker(
                hostname=f"slot{os.getpid()}@touchstone",
                pool="solo", concurrency=1, loglevel="WARNING", quiet=True,
                queues=bell.queues(slot.kinds),
                without_gossip=True, without_mingle=True, without_heartbeat=True,
            )  # fmt: skip
            # Celery would handle SIGINT itself, and would handle SIGHUP by starting a second
            # supervisor.
            worker.install_platform_tweaks = _answer_term_alone
            worker.start()
        except Exception:
            log.exception("Celery fell over; overdue rows are still taken")
        if not slot.stopping.wait(2):
            log.warning("Celery ended by itself and is started again")
