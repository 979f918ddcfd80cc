from __future__ import annotations

import pytest

from jobs import registry, timing
from jobs.claims import Claim
from jobs.errors import Crashed, Hopeless
from jobs.models import State
from jobs.reconciling import reconcile
from jobs.runner import execute
from jobs.services import claim, claim_one, request_cancel, requeue_parked
from jobs.timing import InSeconds
from tests.jobs.errands import Errand
from tests.jobs.helpers import expire, make_due


def run_until_settled(errands: type[Errand], errand: Errand, tries: int = 20) -> int:
    """Claim and run, skipping every pause, until nothing more is done. Returns the runs."""
    for done in range(tries):
        make_due(errand)
        got = claim_one(errands, errand.pk, worker="w")
        if got is None:
            return done
        execute(got)
    raise AssertionError("it loops")


def test_transient_failures_are_tried_five_times_then_parked(
    errands: type[Errand], moves: list[registry.Move]
) -> None:
    """Bounded: five runs, four retries, and a reason that says what went wrong last."""

    def fails(got: Claim) -> None:
        raise OSError("the disk went away")

    registry.register(errands, fails, moved=moves.append)
    errand = errands.objects.create()
    assert run_until_settled(errands, errand) == 5
    errand.refresh_from_db()
    assert (errand.state, errand.reason_code) == (State.PARKED, "attempts_exhausted")
    assert "the disk went away" in errand.reason
    pairs = [State.RUNNING, State.QUEUED] * 4 + [State.RUNNING, State.PARKED]
    assert [m.state for m in moves] == pairs


def test_a_retry_waits_longer_each_time() -> None:
    """2, 8, 32, 128 s within half and one and a half times, never over 7.5 minutes."""
    for attempt, base in ((1, 2), (2, 8), (3, 32), (4, 128), (9, 300)):
        waits = {timing.backoff(attempt) for _ in range(50)}
        assert all(0.5 * base <= w <= 1.5 * base for w in waits)
        assert len(waits) > 1, "no jitter"


def test_a_retry_is_not_due_at_once(errands: type[Errand]) -> None:
    """Between two tries the row cannot be claimed."""
    registry.register(errands, lambda got: (_ for _ in ()).throw(OSError("x")))
    errands.objects.create()
    got = claim(errands, worker="w")
    assert got is not None
    execute(got)
    assert claim(errands, worker="w") is None


def test_what_kills_its_child_is_poison_after_three(errands: type[Errand]) -> None:
    """Three crashes of the child park the row as poison."""

    def bomb(got: Claim) -> None:
        raise Crashed("child_killed", "the decoder was killed by SIGSEGV")

    registry.register(errands, bomb)
    errand = errands.objects.create()
    assert run_until_settled(errands, errand) == 3
    errand.refresh_from_db()
    assert (errand.state, errand.reason_code, errand.crashes) == (State.PARKED, "poison", 3)
    assert "SIGSEGV" in errand.reason


def test_what_kills_its_worker_is_poison_after_three(
    errands: type[Errand], moves: list[registry.Move]
) -> None:
    """Three expired leases park the row: never dropped, never looping."""
    errand = errands.objects.create()
    for _ in range(3):
        make_due(errand)
        assert claim(errands, worker="victim") is not None
        expire(errand)
        reconcile()
    errand.refresh_from_db()
    assert (errand.state, errand.reason_code) == (State.PARKED, "poison")
    assert "victim" in errand.reason
    make_due(errand)
    assert claim(errands, worker="w") is None and reconcile().reclaimed == 0
    assert moves[-1].state is State.PARKED


def test_hopeless_is_parked_at_once(errands: type[Errand]) -> None:
    """What no retry can heal is parked with its own reason."""
    registry.register(
        errands,
        lambda got: (_ for _ in ()).throw(Hopeless("blob_damaged", "the bytes changed")),
    )
    errand = errands.objects.create()
    assert run_until_settled(errands, errand) == 1
    errand.refresh_from_db()
    assert (errand.state, errand.reason_code) == (State.PARKED, "blob_damaged")


def test_a_person_may_requeue_what_is_parked(errands: type[Errand]) -> None:
    """It starts again from the first attempt, and the fence has not gone back."""
    errand = errands.objects.create()
    for _ in range(3):
        make_due(errand)
        claim(errands, worker="w")
        expire(errand)
        reconcile()
    assert requeue_parked(errands, errand.pk, by="user:1")
    assert not requeue_parked(errands, errand.pk), "only once"
    errand.refresh_from_db()
    assert (errand.state, errand.attempt, errand.crashes, errand.fence) == ("queued", 0, 0, 3)
    assert (got := claim(errands, worker="w")) is not None and got.fence == 4


@pytest.mark.parametrize("parked", [False, True])
def test_cancel_is_at_once_while_nobody_works(
    errands: type[Errand], moves: list[registry.Move], parked: bool
) -> None:
    """Queued and parked rows are cancelled where they lie, with who asked for it."""
    errand = errands.objects.create()
    if parked:
        got = claim(errands, worker="w")
        registry.register(
            errands,
            lambda got: (_ for _ in ()).throw(Hopeless("c", "r")),
            moved=moves.append,
        )
        assert got is not None
        execute(got)
    assert request_cancel(errands, errand.pk, by="user:1") is State.CANCELLED
    assert moves[-1].by == "user:1"
    assert claim(errands, worker="w") is None
    assert request_cancel(errands, errand.pk) is State.CANCELLED, "again is no error"


def test_cancel_of_a_row_whose_worker_died(errands: type[Errand]) -> None:
    """The reconciler ends it as cancelled instead of giving it to the next worker."""
    errand = errands.objects.create()
    claim(errands, worker="w")
    assert request_cancel(errands, errand.pk) is State.RUNNING
    expire(errand)
    assert reconcile().cancelled == 1
    errand.refresh_from_db()
    assert errand.state == State.CANCELLED


def test_a_failing_row_that_was_cancelled_is_not_tried_again(errands: type[Errand]) -> None:
    """Cancelled while it ran, then it failed: the end is cancelled, not queued."""

    def fails(got: Claim) -> None:
        request_cancel(errands, got.pk)
        raise OSError

    registry.register(errands, fails)
    errand = errands.objects.create()
    assert run_until_settled(errands, errand) == 1
    errand.refresh_from_db()
    assert errand.state == State.CANCELLED


def test_reconcile_rings_for_what_became_due_and_what_was_forgotten(
    errands: type[Errand], rung: list[int]
) -> None:
    """Fresh rows are left to their own bell; a retry that is due and an old row are rung once."""
    errands.objects.create()
    due = errands.objects.create()
    errands.objects.filter(pk=due.pk).update(rung_at=InSeconds(-20), available_at=InSeconds(-5))
    forgotten = errands.objects.create()
    errands.objects.filter(pk=forgotten.pk).update(
        rung_at=InSeconds(-31), available_at=InSeconds(-31)
    )
    assert reconcile().rung == 2 and set(rung) == {due.pk, forgotten.pk}
    assert reconcile().rung == 0, "not again within 30 s"


def test_reconcilers_at_the_same_time_share_the_work(errands: type[Errand]) -> None:
    """120 expired rows, 4 reconcilers: each row is reclaimed once."""
    from tests.jobs.helpers import in_threads

    errands.objects.bulk_create(Errand() for _ in range(120))
    while claim(errands, worker="w"):
        pass
    errands.objects.update(lease_until=InSeconds(-1))
    done = in_threads(4, lambda n: reconcile())
    assert sum(r.reclaimed for r in done) == 120
    assert set(errands.objects.values_list("crashes", flat=True)) == {1}
