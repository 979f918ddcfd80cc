"""Two jobs in random states compared with a model, with zombies and illegal changes in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from jobs import services, timing
from jobs.claims import Claim
from jobs.errors import LeaseLost
from jobs.models import State
from jobs.moves import ALLOWED, SETTLED
from jobs.reconciling import reconcile
from tests.jobs.errands import Errand
from tests.jobs.helpers import expire, make_due

COUNT = 2
JOBS = st.integers(0, COUNT - 1)


@dataclass
class Expected:
    """What the row must be."""

    state: str = State.QUEUED
    attempt: int = 0
    crashes: int = 0
    fence: int = 0
    cancel: bool = False
    results: int = 0
    claims: list[Claim] = field(default_factory=list)

    def owner(self) -> Claim | None:
        return self.claims[-1] if self.state == State.RUNNING else None


Verb = Callable[[Claim], object]


def done(claim: Claim) -> None:
    with transaction.atomic():
        services.finish(claim, State.DONE, result=str(claim.fence))


def failed(claim: Claim) -> None:
    services.retry(claim, "no luck")


def bang(claim: Claim) -> None:
    services.crashed(claim, "c", "bang")


def parked(claim: Claim) -> None:
    services.park(claim, "c", "set aside")


class LifeOfJobs(RuleBasedStateMachine):
    @initialize()
    def queue(self) -> None:
        Errand.objects.all().delete()
        self.rows = [Errand.objects.create() for _ in range(COUNT)]
        self.expected = [Expected() for _ in range(COUNT)]

    @rule(n=JOBS)
    def claim(self, n: int) -> None:
        row, want = self.rows[n], self.expected[n]
        make_due(row)
        got = services.claim_one(Errand, row.pk, worker=f"w{want.fence}")
        assert (got is not None) == (want.state == State.QUEUED)
        if got:
            want.state, want.attempt, want.fence = State.RUNNING, want.attempt + 1, want.fence + 1
            want.claims.append(got)
            assert (got.fence, got.attempt) == (want.fence, want.attempt)

    def by_owner(self, n: int, verb: Verb) -> bool:
        """Done by whoever holds the lease, if anybody does."""
        claim = self.expected[n].owner()
        if claim is not None:
            verb(claim)
        return claim is not None

    @precondition(lambda self: any(len(want.claims) > 1 for want in self.expected))
    @rule(data=st.data())
    def a_zombie_writes(self, data: st.DataObject) -> None:
        """Whatever an earlier claim tries, at whatever time: refused, and nothing changes."""
        old = [c for want in self.expected for c in want.claims if c is not want.owner()]
        claim = data.draw(st.sampled_from(old))
        verbs: list[Verb] = [done, failed, bang, services.release, parked]
        verb = data.draw(st.sampled_from(verbs))
        with pytest.raises(LeaseLost):
            verb(claim)
        assert not services.heartbeat(claim, progress=0.9).alive

    @rule(n=JOBS)
    def robbed(self, n: int) -> None:
        """The lease runs out and somebody else claims the row: a zombie is made."""
        self.claim(n)
        self.worker_vanishes(n)
        self.claim(n)

    def gave_up(self, n: int, to: str) -> str:
        return State.CANCELLED if self.expected[n].cancel else to

    @rule(n=JOBS)
    def finish(self, n: int) -> None:
        if self.by_owner(n, done):
            self.expected[n].state, self.expected[n].results = State.DONE, 1

    @rule(n=JOBS)
    def fail(self, n: int) -> None:
        if self.by_owner(n, failed):
            want = self.expected[n]
            last = want.attempt >= timing.MAX_ATTEMPTS
            want.state = self.gave_up(n, State.PARKED if last else State.QUEUED)

    @rule(n=JOBS)
    def crash(self, n: int) -> None:
        if self.by_owner(n, bang):
            want = self.expected[n]
            if not want.cancel:
                want.crashes += 1
            last = want.crashes >= timing.MAX_CRASHES
            want.state = self.gave_up(n, State.PARKED if last else State.QUEUED)

    @rule(n=JOBS)
    def release(self, n: int) -> None:
        if self.by_owner(n, services.release):
            want = self.expected[n]
            want.state = self.gave_up(n, State.QUEUED)
            want.attempt -= want.state == State.QUEUED

    @rule(n=JOBS)
    def beat(self, n: int) -> None:
        claim = self.expected[n].owner()
        if claim is not None:
            beat = services.heartbeat(claim, progress=0.5)
            assert beat.alive and beat.cancel_requested == self.expected[n].cancel

    @rule(n=JOBS)
    def worker_vanishes(self, n: int) -> None:
        want = self.expected[n]
        if want.state != State.RUNNING:
            return
        expire(self.rows[n])
        reconcile()
        want.crashes += 1
        last = want.crashes >= timing.MAX_CRASHES or want.attempt >= timing.MAX_ATTEMPTS
        want.state = self.gave_up(n, State.PARKED if last else State.QUEUED)

    @rule(n=JOBS)
    def cancel(self, n: int) -> None:
        want = self.expected[n]
        services.request_cancel(Errand, self.rows[n].pk)
        if want.state in (State.QUEUED, State.PARKED):
            want.state, want.cancel = State.CANCELLED, True
        elif want.state == State.RUNNING:
            want.cancel = True

    @rule(n=JOBS)
    def requeue(self, n: int) -> None:
        want = self.expected[n]
        assert services.requeue_parked(Errand, self.rows[n].pk) == (want.state == State.PARKED)
        if want.state == State.PARKED:
            want.state, want.attempt, want.crashes, want.cancel = State.QUEUED, 0, 0, False

    @rule(n=JOBS, to=st.sampled_from(State.values))
    def a_careless_hand(self, n: int, to: str) -> None:
        """Plain SQL that names a state: what the moves do not allow, the database refuses."""
        want = self.expected[n]
        if to == want.state or (want.state, to) in ALLOWED:
            return
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE errands_errand SET state = %s, "
                "lease_until = CASE WHEN %s = 'running' THEN now() END, "
                "worker = 'x', started_at = now(), reason_code = 'c', reason = 'r', "
                "fence = fence + CASE WHEN %s = 'running' THEN 1 ELSE 0 END, "
                "finished_at = CASE WHEN %s THEN now() END WHERE id = %s",
                [to, to, to, to in SETTLED, self.rows[n].pk],
            )

    @invariant()
    def the_rows_are_what_they_must_be(self) -> None:
        for row, want in zip(getattr(self, "rows", []), getattr(self, "expected", []), strict=True):
            row.refresh_from_db()
            is_now = (row.state, row.attempt, row.crashes, row.fence, row.cancel_requested)
            must = (want.state, want.attempt, want.crashes, want.fence, want.cancel)
            assert is_now == must
            assert bool(row.result) == bool(want.results)
            assert (row.lease_until is not None) == (row.state == State.RUNNING)
            assert (row.finished_at is not None) == (row.state in SETTLED)


def test_no_life_of_a_job_breaks_its_rules(errands: type[Errand]) -> None:
    """Random verbs, zombies and careless SQL: state, attempts and fence are always as modelled."""
    run_state_machine_as_test(
        LifeOfJobs, settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
    )
