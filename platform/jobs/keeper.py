"""Renews a lease while the work runs: one thread with its own database connection."""

from __future__ import annotations

import logging
import os
import threading
import time
from types import TracebackType

from django.db import Error as DatabaseError
from django.db import connection

from jobs import liveness, timing
from jobs.claims import Claim
from jobs.errors import Why
from jobs.services import heartbeat

log = logging.getLogger("touchstone.jobs")

STUBBORN_SECONDS = 30.0
"""If the work does not stop within this time after the request, the worker process ends itself."""


class Keeper:
    """`with Keeper(claim): ...` renews every quarter of the lease, and stops a claim that is
    lost, cancelled or takes too long.

    A database that is away is no reason to stop: nobody else can claim the row then either,
    and the fence refuses us if somebody could.
    """

    def __init__(self, claim: Claim, *, may_exit: bool = False) -> None:
        self.claim, self.may_exit = claim, may_exit
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)

    def __enter__(self) -> Claim:
        self._thread.start()
        return self.claim

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        claim = self.claim
        every = claim.lease_seconds / 4
        tick = min(every, 1.0)
        began = renewed = time.monotonic()
        written = (claim.fraction, claim.stage)
        told_to_stop: float | None = None
        try:
            while not self._done.wait(tick):
                now = time.monotonic()
                news = (claim.fraction, claim.stage)
                due = now - renewed >= every or (news != written and claim.why is not Why.LOST)
                if due and self._renew():
                    renewed, written = now, news
                if now - began > timing.most_seconds():
                    claim.stop(Why.DEADLINE)
                if claim.should_stop():
                    told_to_stop = told_to_stop or now
                    if self.may_exit and now - told_to_stop > STUBBORN_SECONDS:
                        log.error("%s did not stop when told to; the process ends itself", claim)
                        os._exit(70)
        finally:
            connection.close()

    def _renew(self) -> bool:
        claim = self.claim
        try:
            beat = heartbeat(claim, progress=claim.fraction, stage=claim.stage)
            if beat.alive:
                liveness.record_heartbeat(claim.worker, "slot", lease=True)
        except DatabaseError as error:
            log.warning("the lease of %s could not be renewed just now: %s", claim.pk, error)
            connection.close()
            return False
        if not beat.alive:
            claim.stop(Why.LOST)
        elif beat.cancel_requested:
            claim.stop(Why.CANCELLED)
        return True
