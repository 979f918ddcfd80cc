"""The process for jobs that wait for the network: several threads, each with one job at a time.

A slow receiver occupies a thread here, never a slot that analyses media.
"""

from __future__ import annotations

import logging
import signal
import threading

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from jobs import liveness, registry
from jobs.claiming import breaker_of
from jobs.claims import Claim
from jobs.errors import Why
from jobs.models import LeasedJob
from jobs.runner import execute
from jobs.services import claim, worker_died

log = logging.getLogger("touchstone.worker")
LOOK_SECONDS = 0.5


class Courier:
    def __init__(self, name: str) -> None:
        self.name = name
        self.stopping = threading.Event()
        self._current: set[Claim] = set()

    def work(self, background: bool) -> None:
        while not self.stopping.is_set():
            try:
                taken = [self._one_of(model) for model in registry.couriers(background=background)]
            except DatabaseError as error:
                log.warning("the database is away: %s", error)
                connection.close()
                taken = []
            if not any(taken):
                self.stopping.wait(LOOK_SECONDS)
        connection.close()

    def _one_of(self, model: type[LeasedJob]) -> bool:
        if self.stopping.is_set() or not breaker_of(model).may_claim():
            return False
        taken = claim(model, worker=self.name)
        if taken is None:
            return False
        self._current.add(taken)
        try:
            execute(taken)
        finally:
            self._current.discard(taken)
        return True

    def stop(self) -> None:
        self.stopping.set()
        for current in list(self._current):
            current.stop(Why.SHUTDOWN)


def run(name: str, replaces: str | None) -> None:
    courier = Courier(name)
    signal.signal(signal.SIGTERM, lambda *_: courier.stop())
    try:
        if replaces:
            worker_died(replaces)
            liveness.gone(replaces)
    except DatabaseError as error:
        log.warning("the database is away at start: %s", error)
        connection.close()
    count = settings.JOBS_COURIERS
    threads = [
        threading.Thread(
            target=courier.work, args=(n % 2 == 1 or count == 1,), name=f"courier{n}", daemon=True
        )
        for n in range(count)
    ]
    for thread in threads:
        thread.start()
    courier.stopping.wait()
    for thread in threads:
        thread.join(timeout=settings.JOBS_GRACE_SECONDS)
    liveness.gone(name)
    connection.close()
