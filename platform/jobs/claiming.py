"""The circuit breaker: while a part of the site is unavailable nothing is claimed, so that no
attempt is wasted.

Each process has its own, and a courier has one for each kind of work. A job that meets an outage is
returned without counting an attempt and opens the breaker. A probe then tests the part after 1, 2,
4 and up to 30 s, and claiming resumes by itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.db.models import Min

from jobs import registry
from jobs.models import LeasedJob, WorkerHeartbeat
from jobs.timing import ClockTimestamp, InSeconds

log = logging.getLogger("touchstone.jobs")
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
FRESH_SECONDS = STEADY_SECONDS = 60.0
_probes: dict[str, Callable[[], object]] = {}


def register_probe(code: str, probe: Callable[[], object]) -> None:
    """`probe` raises while the part is away."""
    _probes[code] = probe


class Breaker:
    def __init__(self) -> None:
        self.code = ""
        self._resumed = -STEADY_SECONDS
        self._since = self._next_try = 0.0
        self._pause = FIRST_PAUSE

    def trip(self, code: str) -> None:
        now = time.monotonic()
        if not self.code:
            # What falls again as soon as it is claimed from is tried more and more seldom.
            again = now - self._resumed < STEADY_SECONDS
            self._pause = min(self._pause * 2, LONGEST_PAUSE) if again else FIRST_PAUSE
            self._since = now
            log.error("claiming pauses: %s", code)
        self.code = code
        self._next_try = now + self._pause

    def may_claim(self) -> bool:
        if not self.code:
            return True
        if time.monotonic() < self._next_try:
            return False
        if (probe := _probes.get(self.code)) is not None:
            try:
                probe()
            except Exception as error:
                log.warning("claiming still pauses: %s: %s", self.code, error)
                self._pause = min(self._pause * 2, LONGEST_PAUSE)
                self._next_try = time.monotonic() + self._pause
                return False
        log.warning("claiming goes on after %.0f s: %s", time.monotonic() - self._since, self.code)
        self.code, self._resumed = "", time.monotonic()
        return True

    def note(self, name: str) -> None:
        """On the worker's own row, for people and figures."""
        row = WorkerHeartbeat.objects.filter(pk=name)
        if self.code:
            row = row.filter(paused_since__isnull=True)
            row.update(paused_since=ClockTimestamp(), paused_for=self.code)
        else:
            row.filter(paused_since__isnull=False).update(paused_since=None, paused_for="")


breaker = Breaker()
_of_couriers: dict[type[LeasedJob], Breaker] = {}


def breaker_of(model: type[LeasedJob]) -> Breaker:
    """Couriers have different kinds of work: each pauses separately, and the others continue. A
    webhook needs no media store."""
    if not registry.entry(model).courier:
        return breaker
    return _of_couriers.setdefault(model, Breaker())


def paused_since() -> float:
    """Seconds that some worker has not claimed for an outage; 0 when all do."""
    fresh = WorkerHeartbeat.objects.filter(
        seen_at__gt=InSeconds(-FRESH_SECONDS), paused_since__isnull=False
    )
    found = fresh.aggregate(since=Min("paused_since"), now=Min(ClockTimestamp()))
    if found["since"] is None:
        return 0.0
    return float((found["now"] - found["since"]).total_seconds())
