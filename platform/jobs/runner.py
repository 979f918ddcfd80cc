"""Run one claimed row and see to its end, whatever happens."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from jobs import registry
from jobs.claims import Claim
from jobs.errors import Crashed, Hopeless, Interrupted, LeaseLost, Why
from jobs.failpoints import failpoint
from jobs.keeper import Keeper
from jobs.services import cancelled, crashed, note_refused, park, release, retry

log = logging.getLogger("touchstone.jobs")
T = TypeVar("T")


def through_outage(write: Callable[[], T], seconds: float = 30.0) -> T:
    """Do one transaction again while the database is away. Safe, because the fence is in it: when
    the first try was committed after all, the second is refused as a late write."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            if connection.in_atomic_block or time.monotonic() > deadline:
                raise
            log.warning("the database is away, trying again: %s", error)
            connection.close()
            time.sleep(0.5)


def execute(claim: Claim, *, may_exit: bool = False) -> None:
    """Never raises for what the job did; a database that stays away leaves the row to its lease."""
    try:
        try:
            with Keeper(claim, may_exit=may_exit):
                registry.entry(claim.model).runner(claim)
            failpoint("after_finish")
        except LeaseLost:
            raise
        except Exception as error:
            failed = error
            through_outage(lambda: _settle_failure(claim, failed), claim.lease_seconds)
    except LeaseLost:
        through_outage(lambda: note_refused(claim))
    except (OperationalError, InterfaceError):
        log.exception("%s %s is left to its lease", claim.model._meta.label, claim.pk)
        connection.close()


def _settle_failure(claim: Claim, error: Exception) -> None:
    if claim.why is Why.LOST:
        log.info("%s %s: stopped, the lease was lost", claim.model._meta.label, claim.pk)
    elif isinstance(error, Interrupted):
        cancelled(claim) if error.why is Why.CANCELLED else release(claim, error.why)
    elif isinstance(error, Crashed):
        crashed(claim, error.code, error.reason)
    elif isinstance(error, Hopeless):
        park(claim, error.code, error.reason)
    else:
        log.error("%s %s failed", claim.model._meta.label, claim.pk, exc_info=error)
        retry(claim, f"{type(error).__name__}: {error}"[:500])
