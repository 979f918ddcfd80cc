from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from jobs.claims import Claim
from jobs.errors import LeaseLost, Why
from jobs.models import RefusedWrite, State
from jobs.reconciling import reconcile
from jobs.runner import execute
from jobs.services import claim, finish, heartbeat, park, release, retry, worker_died
from tests.jobs.errands import Errand
from tests.jobs.helpers import expire


def lost(errands: type[Errand]):  # type: ignore[no-untyped-def]
    """A row that was claimed twice: the first claim is a zombie's, the second is alive."""
    errand = errands.objects.create()
    zombie = claim(errands, worker="zombie")
    expire(errand)
    reconcile()
    alive = claim(errands, worker="alive")
    assert zombie and alive and alive.fence == zombie.fence + 1
    return errand, zombie, alive


def test_a_zombie_can_write_nothing(errands: type[Errand]) -> None:
    """Every verb of a claim that lost its lease is refused, and the row stays as it was."""
    errand, zombie, alive = lost(errands)
    before = errands.objects.values().get(pk=errand.pk)
    with pytest.raises(LeaseLost), transaction.atomic():
        finish(zombie, State.DONE, result="stale")
    verbs: list[Callable[[], object]] = [
        lambda: retry(zombie, "x"), lambda: park(zombie, "c", "x"), lambda: release(zombie),
    ]  # fmt: skip
    for verb in verbs:
        with pytest.raises(LeaseLost):
            verb()
    assert not heartbeat(zombie).alive
    assert errands.objects.values().get(pk=errand.pk) == before
    assert heartbeat(alive).alive


@pytest.mark.parametrize("end", [
    lambda own: finish(own, State.DONE), lambda own: park(own, "c", "x"),
    lambda own: retry(own, "x"), release,
])  # fmt: skip
def test_no_step_is_named_when_the_work_has_ended(
    errands: type[Errand], end: Callable[[Claim], object]
) -> None:
    """Neither of a result nor of a job that waits for its next try."""
    errand = errands.objects.create()
    own = claim(errands, worker="w")
    assert own is not None and heartbeat(own, progress=0.5, stage="looking").alive
    with transaction.atomic():
        end(own)
    errand.refresh_from_db()
    assert errand.stage == "" and errand.state != State.RUNNING


def test_no_step_is_named_of_a_job_whose_worker_is_gone(errands: type[Errand]) -> None:
    errand = errands.objects.create()
    own = claim(errands, worker="w")
    assert own is not None and heartbeat(own, progress=0.5, stage="looking").alive
    worker_died("w")
    assert reconcile().reclaimed == 1
    errand.refresh_from_db()
    assert errand.stage == "" and errand.state == State.QUEUED


def test_a_late_result_rolls_back_with_all_that_was_written_beside_it(
    errands: type[Errand],
) -> None:
    """The refused finish takes the whole transaction with it, also what came before it."""
    _, zombie, _ = lost(errands)
    with pytest.raises(LeaseLost), transaction.atomic():
        errands.objects.create(result="beside")
        finish(zombie, State.DONE)
    assert not errands.objects.filter(result="beside").exists()


def test_the_owner_finishes_once(errands: type[Errand]) -> None:
    """A second finish of the same claim is a late write too."""
    _, _, alive = lost(errands)
    with transaction.atomic():
        finish(alive, State.DONE, result="1")
    with pytest.raises(LeaseLost), transaction.atomic():
        finish(alive, State.DONE, result="2")


def test_finish_outside_a_transaction_is_a_mistake(errands: type[Errand]) -> None:
    """A result without a transaction round it could stand alone: it is refused."""
    errands.objects.create()
    got = claim(errands, worker="w")
    assert got is not None
    with pytest.raises(transaction.TransactionManagementError):
        finish(got, State.DONE)


def test_refused_writes_are_counted(errands: type[Errand]) -> None:
    """The runner notes each late write in a row of its own."""
    from jobs import registry

    errand, zombie, _ = lost(errands)

    def late(got) -> None:  # type: ignore[no-untyped-def]
        with transaction.atomic():
            finish(got, State.DONE)

    registry.register(errands, late)
    execute(zombie)
    note = RefusedWrite.objects.get()
    assert (note.object_id, note.fence, note.worker) == (str(errand.pk), zombie.fence, "zombie")


def test_release_gives_the_attempt_back(errands: type[Errand]) -> None:
    """A worker that was told to go leaves the row as if it had never come, but for the fence."""
    errand = errands.objects.create()
    got = claim(errands, worker="w")
    assert got is not None
    release(got)
    errand.refresh_from_db()
    assert (errand.state, errand.attempt, errand.fence) == (State.QUEUED, 0, 1)
    assert claim(errands, worker="w2") is not None


def test_a_dead_workers_leases_end_at_once(errands: type[Errand]) -> None:
    """Its parent saw it end, so nobody waits a minute for its rows; others keep theirs."""
    dead, other = errands.objects.create(), errands.objects.create()
    claim(errands, worker="dead")
    claim(errands, worker="other")
    assert worker_died("dead") == 1
    assert reconcile().reclaimed == 1
    dead.refresh_from_db()
    other.refresh_from_db()
    assert (dead.state, other.state) == (State.QUEUED, State.RUNNING)


def test_a_lost_lease_outweighs_other_reasons_to_stop(errands: type[Errand]) -> None:
    """A worker shuts down and loses its lease: the claim knows that it may write nothing."""
    errands.objects.create()
    got = claim(errands, worker="w")
    assert got is not None
    got.stop(Why.SHUTDOWN)
    got.stop(Why.LOST)
    got.stop(Why.CANCELLED)
    assert got.why is Why.LOST
