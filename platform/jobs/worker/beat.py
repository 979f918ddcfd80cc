"""The process for periodic duties: each in a thread of its own, so that none delays another."""

from __future__ import annotations

import logging
import signal
import threading
import time

from django.db import OperationalError, connection

from jobs import liveness, reconciling
from jobs.duties import Duty, all_duties

log = logging.getLogger("touchstone.worker")


def run(name: str) -> None:
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    threads = [
        threading.Thread(target=_keep, args=(duty, name, stopping), name=duty.name, daemon=True)
        for duty in all_duties()
    ]
    for thread in threads:
        thread.start()
    stopping.wait()
    for thread in threads:
        thread.join(timeout=5)
    _tidy(name)


def _keep(duty: Duty, name: str, stopping: threading.Event) -> None:
    while not stopping.is_set():
        began = time.monotonic()
        try:
            duty.do()
            if duty.name == "reconcile":
                liveness.record_heartbeat(name, "beat", reconcile=True)
                liveness.forget_old()
        except OperationalError as error:
            log.warning("the database is away, %r waits for its next turn: %s", duty.name, error)
            connection.close()
            if duty.name == "reconcile":
                reconciling.hold_off()
        except Exception:
            log.exception("the duty %r failed; it is tried again at its next turn", duty.name)
            connection.close()
        stopping.wait(max(duty.every_seconds - (time.monotonic() - began), 0.05))
    connection.close()


def _tidy(name: str) -> None:
    try:
        liveness.gone(name)
    except Exception:
        log.debug("could not say good-bye", exc_info=True)
    connection.close()
