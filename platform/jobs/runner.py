"""Runs one claimed row and records how it ended."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from structlog.contextvars import bind_contextvars, unbind_contextvars

from jobs import claiming, hooks, registry
from jobs.claims import Claim
from jobs.errors import Crashed, Hopeless, Interrupted, LeaseLost, Outage, Why
from jobs.failpoints import failpoint
from jobs.keeper import Keeper
from jobs.services import cancelled, crashed, note_refused, park, release, retry
from jobs.timing import most_seconds

log = logging.getLogger("touchstone.jobs")
T = TypeVar("T")
_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://\S+"  # a URL
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"  # IPv4
    r"|\[?\b(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}\b\]?"  # IPv6
    r"|\b(?:[a-z0-9-]+\.)+[a-z0-9-]+:\d+\b"  # host:port
    r"|\b(?:host|server|bucket|port)\s*[=:]?\s*[\"']?[\w.-]*[\w][\"']?"
    r"|(?<![\w/])/(?:[\w.@-]+/)+[\w.@-]*",  # a path
    re.IGNORECASE,
)


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
    bind_contextvars(worker=claim.worker, job=str(claim.pk))
    try:
        try:
            with ExitStack() as stack:
                stack.enter_context(Keeper(claim, may_exit=may_exit))
                for around in hooks.around:
                    stack.enter_context(around(claim))
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
    finally:
        unbind_contextvars("job", "submission")


def _settle_failure(claim: Claim, error: Exception) -> None:
    if claim.why is Why.LOST:
        log.info("%s %s: stopped, the lease was lost", claim.model._meta.label, claim.pk)
    elif isinstance(error, Interrupted) and error.why is Why.DEADLINE:
        crashed(claim, error.why, f"It took longer than {most_seconds():.0f} s.")
    elif isinstance(error, Interrupted):
        cancelled(claim) if error.why is Why.CANCELLED else release(claim, error.why)
    elif isinstance(error, Crashed):
        crashed(claim, error.code, error.reason)
    elif isinstance(error, Hopeless):
        park(claim, error.code, error.reason)
    elif isinstance(error, Outage):
        claiming.breaker_of(claim.model).trip(error.code)
        release(claim, Why.OUTAGE)
    elif database_is_away(error):
        release(claim, Why.OUTAGE)
    else:
        log.error("%s %s failed", claim.model._meta.label, claim.pk, exc_info=error)
        retry(claim, without_addresses(f"{type(error).__name__}: {error}")[:500])


def database_is_away(error: BaseException) -> bool:
    """The connection was lost, refused or ended by the server; not what a statement did wrong."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state[:2] == "08" or state in {"57P01", "57P02", "57P03", "53300"}


def without_addresses(text: str) -> str:
    """Partners can read a reason, so it contains no host, address, bucket or path of the site."""
    return _ADDRESS.sub("[...]", text)
