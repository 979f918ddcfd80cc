"""The operations on a job. Each is one statement or one transaction, timed by the database's clock.

Every write for a claim carries `fence = mine AND running`, so a worker that was paused, cut off or
declared dead can change nothing when it returns.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from jobs import registry, timing
from jobs.claims import Claim
from jobs.errors import LeaseLost, Why
from jobs.failpoints import failpoint
from jobs.models import LeasedJob, RefusedWrite
from jobs.moves import SETTLED, State
from jobs.registry import Move
from jobs.timing import ClockTimestamp, InSeconds

log = logging.getLogger("touchstone.jobs")

RELEASED = {
    Why.SHUTDOWN: ("released", "its worker was stopped"),
    Why.GAVE_WAY: ("gave_way", "other work went before it"),
    Why.OUTAGE: ("outage", "a part of the site was away; it goes on by itself"),
}
POISON, EXHAUSTED = "poison", "attempts_exhausted"


@dataclass(frozen=True)
class Beat:
    alive: bool
    cancel_requested: bool


def _names(model: type[LeasedJob]) -> tuple[str, str]:
    """The table and its key, quoted for SQL."""
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), quote(str(model._meta.pk.column))


def _claim(
    model: type[LeasedJob], worker: str, lease_seconds: float | None, which: str, *params: Any
) -> Claim | None:
    lease = lease_seconds or timing.lease_seconds()
    table, pk = _names(model)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {table} SET state = 'running', attempt = attempt + 1, fence = fence + 1,
                worker = %s, lease_until = clock_timestamp() + %s * interval '1 second',
                started_at = clock_timestamp(), progress = 0, stage = '',
                reason_code = '', reason = ''
            WHERE {pk} = (
                SELECT {pk} FROM {table}
                WHERE state = 'queued' AND {which}
                ORDER BY turn_at LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            RETURNING {pk}, fence, attempt, crashes
            """,  # noqa: S608 - names from the model's own definition
            [worker, lease, *params],
        )
        row = cursor.fetchone()
        if row is None:
            return None
        key, fence, attempt, crashes = row
        registry.moved(Move(model, key, State.RUNNING, "claimed", "", worker, attempt))
        failpoint("in_claim")
    failpoint("after_claim")
    return Claim(model, key, fence, attempt, crashes, worker, lease)


def claim(
    model: type[LeasedJob],
    *,
    worker: str,
    lease_seconds: float | None = None,
    overdue: float = 0.0,
    kinds: frozenset[str] | None = None,
) -> Claim | None:
    """The row whose turn it is, or None. With `overdue`, only one that waits that long already.
    With `kinds`, only one of these; a model without kinds is not narrowed."""
    which = "available_at <= clock_timestamp() - %s * interval '1 second'"
    if kinds is None or not registry.kinds_of(model):
        taken = _claim(model, worker, lease_seconds, which, overdue)
    else:
        which += " AND kind = %s"
        tries = (
            _claim(model, worker, lease_seconds, which, overdue, kind)
            for kind in _kinds_by_turn(model, kinds, overdue)
        )
        taken = next((found for found in tries if found), None)
    if taken:
        taken.kinds = kinds
    return taken


def _kinds_by_turn(model: type[LeasedJob], kinds: frozenset[str], overdue: float) -> list[str]:
    """Those with a due row, the earliest turn first: one look into the index for each, however
    many rows of other kinds wait before it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT wanted.kind FROM unnest(%s::text[]) AS wanted (kind), LATERAL (
                SELECT job.turn_at FROM {_names(model)[0]} AS job
                WHERE job.state = 'queued' AND job.kind = wanted.kind
                    AND job.available_at <= clock_timestamp() - %s * interval '1 second'
                ORDER BY job.turn_at LIMIT 1
            ) AS first
            ORDER BY first.turn_at
            """,  # noqa: S608 - names from the model's own definition
            [sorted(kinds), overdue],
        )
        return [kind for (kind,) in cursor.fetchall()]


def claim_one(
    model: type[LeasedJob], pk: Any, *, worker: str, lease_seconds: float | None = None
) -> Claim | None:
    """This very row, if it is due and free."""
    which = f"available_at <= clock_timestamp() AND {_names(model)[1]} = %s"
    return _claim(model, worker, lease_seconds, which, pk)


def heartbeat(claim: Claim, *, progress: float | None = None, stage: str | None = None) -> Beat:
    """Renew the lease. Not alive means: stop at once, the row is somebody else's."""
    table, pk = _names(claim.model)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {table}
            SET lease_until = clock_timestamp() + %s * interval '1 second',
                progress = coalesce(%s, progress), stage = coalesce(%s, stage)
            WHERE {pk} = %s AND fence = %s AND state = 'running'
            RETURNING cancel_requested
            """,  # noqa: S608 - names from the model's own definition
            [claim.lease_seconds, progress, stage, claim.pk, claim.fence],
        )
        row = cursor.fetchone()
    return Beat(alive=row is not None, cancel_requested=bool(row and row[0]))


def _settle(claim: Claim, state: State, **fields: Any) -> None:
    """The compare-and-set that every write for a claim goes through."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a claim is settled inside a transaction")
    mine = claim.model._base_manager.filter(pk=claim.pk, fence=claim.fence, state=State.RUNNING)
    if state in SETTLED:
        fields["finished_at"] = ClockTimestamp()
    # Nothing is being done any more, so no step of it is named.
    if not mine.update(state=state, lease_until=None, stage="", **fields):
        log.warning("late write refused: %s %s fence %s of %s",
                    claim.model._meta.label, claim.pk, claim.fence, claim.worker)  # fmt: skip
        raise LeaseLost(f"{claim.model._meta.label} {claim.pk} is no longer ours")


def _move(claim: Claim, state: State, code: str, reason: str, **fields: Any) -> State:
    with transaction.atomic():
        _settle(claim, state, reason_code=code, reason=reason, **fields)
        registry.moved(
            Move(claim.model, claim.pk, state, code, reason, claim.worker, claim.attempt)
        )
    return state


def finish(
    claim: Claim, state: State, *, reason_code: str = "", reason: str = "", **fields: Any
) -> None:
    """Write the result, inside the caller's transaction, first of all its writes."""
    failpoint("before_finish")
    _settle(claim, state, reason_code=reason_code, reason=reason, **{"progress": 1.0, **fields})


def _is_cancel_requested(claim: Claim) -> bool:
    return claim.model._base_manager.filter(
        pk=claim.pk, fence=claim.fence, cancel_requested=True
    ).exists()


def retry(claim: Claim, reason: str, code: str = "transient") -> State:
    """Another try after a growing pause; after the last one, parked."""
    if _is_cancel_requested(claim):
        return cancelled(claim)
    if claim.attempt >= timing.MAX_ATTEMPTS:
        return park(claim, EXHAUSTED, f"{claim.attempt} attempts failed; the last: {reason}")
    wait = InSeconds(timing.backoff(claim.attempt))
    return _move(claim, State.QUEUED, code, reason, available_at=wait)


def crashed(claim: Claim, code: str, reason: str) -> State:
    """The work killed its child process. A few of those and it is called poison."""
    if _is_cancel_requested(claim):
        return cancelled(claim)
    crashes = claim.crashes + 1
    if crashes >= timing.MAX_CRASHES:
        return park(claim, POISON, _poison_sentence(crashes, reason), crashes=crashes)
    wait = InSeconds(timing.backoff(crashes))
    return _move(claim, State.QUEUED, code, reason, available_at=wait, crashes=crashes)


def park(claim: Claim, code: str, reason: str, **fields: Any) -> State:
    """Park the job with its reason, for a person. It is never dropped and never retried
    automatically."""
    return _move(claim, State.PARKED, code, reason, **fields)


def others_wait(
    model: type[LeasedJob], seconds: float = 1.0, kinds: frozenset[str] | None = None
) -> bool:
    """Whether what goes before `model` has been due for so long and nobody took it: a job in the
    background then gives way (`Interrupted(Why.GAVE_WAY)`). With `kinds`, for these alone: a slot
    gives way to nothing that it would not take."""
    for other in registry.models(background=False):
        rows: Any = other._base_manager  # not every table has a kind, which the types do not know
        due = rows.filter(state=State.QUEUED, available_at__lt=InSeconds(-seconds))
        if kinds is not None and registry.kinds_of(other):
            due = due.filter(kind__in=kinds)
        if other is not model and due.exists():
            return True
    return False


def release(claim: Claim, why: Why = Why.SHUTDOWN) -> State:
    """Release the job without counting the attempt: the worker has to stop, or something else goes
    first, which is not the job's fault."""
    if _is_cancel_requested(claim):
        return cancelled(claim)
    code, reason = RELEASED.get(why, RELEASED[Why.SHUTDOWN])
    return _move(claim, State.QUEUED, code, reason,
                 attempt=F("attempt") - 1, available_at=ClockTimestamp())  # fmt: skip


def postpone(claim: Claim, seconds: float, reason: str, code: str, **fields: Any) -> State:
    """Return the job to the queue, due after this time. For work that counts its attempts itself:
    neither attempts nor crashes add up, and nothing parks it."""
    if _is_cancel_requested(claim):
        return cancelled(claim)
    return _move(claim, State.QUEUED, code, reason, attempt=F("attempt") - 1, crashes=0,
                 available_at=InSeconds(seconds), **fields)  # fmt: skip


def cancelled(claim: Claim) -> State:
    return _move(claim, State.CANCELLED, "cancelled", "cancelled while it was running")


def request_cancel(model: type[LeasedJob], pk: Any, *, by: object = "") -> State:
    """At once when nobody works on it; a running one stops at its next heartbeat."""
    with transaction.atomic():
        job = model._base_manager.select_for_update().get(pk=pk)
        state = State(job.state)
        if state in (State.QUEUED, State.PARKED):
            reason = "cancelled before it was run"
            model._base_manager.filter(pk=pk).update(
                state=State.CANCELLED, cancel_requested=True, finished_at=ClockTimestamp(),
                reason_code="cancelled", reason=reason,
            )  # fmt: skip
            registry.moved(Move(model, pk, State.CANCELLED, "cancelled", reason, by, job.attempt))
            return State.CANCELLED
        if state is State.RUNNING:
            model._base_manager.filter(pk=pk).update(cancel_requested=True)
        return state


def requeue_parked(model: type[LeasedJob], pk: Any, *, by: object = "") -> bool:
    """A person says: try again, from the first attempt. False when it was not parked."""
    with transaction.atomic():
        found = model._base_manager.filter(pk=pk, state=State.PARKED).update(
            state=State.QUEUED, attempt=0, crashes=0, finished_at=None, cancel_requested=False,
            available_at=ClockTimestamp(), rung_at=ClockTimestamp(), reason_code="", reason="",
        )  # fmt: skip
        if found:
            registry.moved(Move(model, pk, State.QUEUED, "requeued", "", by, 0))
    return bool(found)


def note_refused(claim: Claim) -> None:
    """Count a late write. Its own transaction, because the refused one was rolled back."""
    RefusedWrite.objects.create(
        label=claim.model._meta.label, object_id=str(claim.pk), fence=claim.fence,
        worker=claim.worker,
    )  # fmt: skip


def worker_died(worker: str) -> int:
    """Its parent saw this process end: its leases end now, not in a minute."""
    return sum(
        model._base_manager.filter(worker=worker, state=State.RUNNING).update(
            lease_until=ClockTimestamp()
        )
        for model in registry.models()
    )


def _poison_sentence(crashes: int, last: str) -> str:
    return f"it brought its process down {crashes} times and is not tried again; the last: {last}"
