"""Recovers from every loss: expired leases are released and lost wake-ups are sent again.

Runs every few seconds in every worker. Any number may run at once (SKIP LOCKED, in batches).
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Q, Value

from jobs import registry, timing
from jobs.models import LeasedJob
from jobs.moves import State
from jobs.registry import Move
from jobs.services import EXHAUSTED, POISON, _poison_sentence
from jobs.timing import ClockTimestamp, InSeconds

log = logging.getLogger("touchstone.jobs")

BATCH = 100
HOLD_OFF_SECONDS = 15.0
BELLS_AT_ONCE = 20
"""One bell wakes a worker that continues until nothing is due, so a backlog needs only a few."""


@dataclass(frozen=True)
class Reconciled:
    reclaimed: int = 0
    parked: int = 0
    cancelled: int = 0
    rung: int = 0

    def __add__(self, other: Reconciled) -> Reconciled:
        return Reconciled(
            self.reclaimed + other.reclaimed,
            self.parked + other.parked,
            self.cancelled + other.cancelled,
            self.rung + other.rung,
        )


_not_before = 0.0


def hold_off() -> None:
    """The database was away, so no lease could be renewed. Workers that live renew theirs within
    seconds; until then an expired lease says nothing."""
    global _not_before
    _not_before = time.monotonic() + min(timing.lease_seconds() / 2, HOLD_OFF_SECONDS)


def reconcile() -> Reconciled:
    total = Reconciled()
    may_reclaim = time.monotonic() >= _not_before
    for model in registry.models():
        while may_reclaim and (batch := _reclaim(model)) != Reconciled():
            total += batch
        total += Reconciled(rung=_ring_again(model))
    if total != Reconciled():
        log.info("reconciled: %s", total)
    return total


def _reclaim(model: type[LeasedJob]) -> Reconciled:
    """One batch of rows whose worker is gone."""
    reclaimed = parked = cancelled = 0
    with transaction.atomic():
        expired = list(
            model._base_manager.select_for_update(skip_locked=True)
            .filter(state=State.RUNNING, lease_until__lt=ClockTimestamp())
            .order_by("lease_until")[:BATCH]
        )
        for job in expired:
            state = _after_expiry(model, job)
            cancelled += state is State.CANCELLED
            parked += state is State.PARKED
            reclaimed += state is State.QUEUED
    return Reconciled(reclaimed, parked, cancelled)


def _after_expiry(model: type[LeasedJob], job: LeasedJob) -> State:
    crashes = job.crashes + 1
    reason = f"its worker ({job.worker}) stopped renewing the lease"
    changes: dict[str, Any] = {"crashes": crashes, "lease_until": None, "stage": ""}
    if job.cancel_requested:
        state, code, reason = State.CANCELLED, "cancelled", "cancelled while it was running"
    elif crashes >= timing.MAX_CRASHES:
        state, code, reason = State.PARKED, POISON, _poison_sentence(crashes, reason)
    elif job.attempt >= timing.MAX_ATTEMPTS:
        state, code = State.PARKED, EXHAUSTED
        reason = f"{job.attempt} attempts failed; the last: {reason}"
    else:
        # The first loss of a worker is rarely the job's fault, so it continues at once.
        state, code = State.QUEUED, "lease_expired"
        wait = timing.backoff(crashes) if crashes > 1 else 0.0
        changes["available_at"] = InSeconds(wait)
    if state is not State.QUEUED:
        changes["finished_at"] = ClockTimestamp()
    model._base_manager.filter(pk=job.pk).update(
        state=state, reason_code=code, reason=reason, **changes
    )
    registry.moved(Move(model, job.pk, state, code, reason, "reconciler", job.attempt))
    return state


def _ring_again(model: type[LeasedJob]) -> int:
    """Rows that became due after their bell, and rows whose bell nobody answered."""
    wake = registry.entry(model).wake
    if wake is None:
        return 0
    kind = F("kind") if registry.kinds_of(model) else Value("")
    with transaction.atomic():
        due = list(
            model._base_manager.select_for_update(skip_locked=True)
            .filter(state=State.QUEUED, available_at__lte=ClockTimestamp())
            .filter(
                Q(rung_at__lt=F("available_at"))
                | Q(rung_at__lt=InSeconds(-timing.overdue_seconds()))
            )
            .order_by("turn_at")
            .values_list("pk", kind)[:BELLS_AT_ONCE]
        )
        rung = [pk for pk, _ in due]
        model._base_manager.filter(pk__in=rung).update(rung_at=ClockTimestamp())
    for pk, of_kind in due:
        if wake(model, pk, of_kind) is False:
            break  # the broker is away; workers look for overdue rows by themselves
    return len(due)
