from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from jobs import registry
from jobs.claims import Claim
from jobs.errors import Interrupted, Why
from jobs.keeper import Keeper
from jobs.models import LeasedJob, RefusedWrite, State, WorkerHeartbeat
from jobs.reconciling import reconcile
from jobs.runner import execute
from jobs.services import claim, finish, heartbeat, request_cancel
from tests.jobs.errands import Errand
from tests.jobs.helpers import expire, make_due


def until(true: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def works_until_stopped(got: Claim) -> None:
    """A runner as it should be: asks whether to stop, and stops."""
    until(got.should_stop, 10)
    got.raise_if_stopped()


def claimed(errands: type[Errand], lease: float = 1.0) -> tuple[Errand, Claim]:
    errand = errands.objects.create()
    got = claim(errands, worker="w", lease_seconds=lease)
    assert got is not None
    return errand, got


def test_a_kept_lease_outlives_its_length(errands: type[Errand]) -> None:
    """Work of 2 s under a lease of 1 s is never reclaimed, and its progress can be seen."""
    errand, got = claimed(errands)
    with Keeper(got):
        got.progress(0.25, "faces")
        end = time.monotonic() + 2
        while time.monotonic() < end:
            assert reconcile().reclaimed == 0
            time.sleep(0.1)
    errand.refresh_from_db()
    assert errand.state == State.RUNNING
    assert (errand.progress, errand.stage) == (0.25, "faces")
    assert WorkerHeartbeat.objects.get(pk="w").lease_renewed_at is not None


def test_a_lost_lease_stops_the_work(errands: type[Errand]) -> None:
    """The row went to somebody else: the work is told within a beat, and writes nothing."""
    errand, got = claimed(errands)
    registry.register(errands, works_until_stopped)
    expire(errand)
    reconcile()
    other = claim(errands, worker="other", lease_seconds=60)
    began = time.monotonic()
    execute(got)
    assert got.why is Why.LOST and time.monotonic() - began < 2
    errand.refresh_from_db()
    assert other is not None and (errand.state, errand.worker) == (State.RUNNING, "other")


def test_a_cancelled_run_stops_and_is_cancelled(errands: type[Errand]) -> None:
    """A running row hears of its cancellation with the next heartbeat."""
    errand, got = claimed(errands)
    registry.register(errands, works_until_stopped)
    request_cancel(errands, errand.pk)
    execute(got)
    errand.refresh_from_db()
    assert errand.state == State.CANCELLED


def test_a_run_that_is_shut_down_goes_back(errands: type[Errand]) -> None:
    """Shut down half way: queued again at once, and the attempt does not count."""
    errand, got = claimed(errands)
    registry.register(errands, works_until_stopped)
    got.stop(Why.SHUTDOWN)
    execute(got)
    errand.refresh_from_db()
    assert (errand.state, errand.attempt) == (State.QUEUED, 0)
    assert claim(errands, worker="next") is not None


def test_work_that_ends_although_the_lease_is_lost_is_refused(errands: type[Errand]) -> None:
    """A runner that does not ask finishes into the fence; the refusal is counted."""
    errand, got = claimed(errands, lease=60.0)  # which its keeper does not renew meanwhile

    def deaf(mine: Claim) -> None:
        expire(errand)
        reconcile()
        claim(errands, worker="other")
        with transaction.atomic():
            finish(mine, State.DONE, result="late")

    registry.register(errands, deaf)
    execute(got)
    errand.refresh_from_db()
    assert (errand.state, errand.worker, errand.result) == (State.RUNNING, "other", "")
    assert RefusedWrite.objects.count() == 1


def test_work_that_takes_too_long_is_stopped_and_set_aside_the_third_time(
    errands: type[Errand], settings: Any
) -> None:
    """However well it renews its lease."""
    settings.JOBS_MOST_SECONDS = 0.5
    registry.register(errands, works_until_stopped)
    errand = errands.objects.create()
    tried = (State.QUEUED, "deadline")
    for states in (tried, tried, (State.PARKED, "poison")):
        make_due(errand)
        got = claim(errands, worker="w", lease_seconds=1.0)
        assert got is not None
        execute(got)
        errand.refresh_from_db()
        assert (errand.state, errand.reason_code) == states


def test_an_interrupted_claim_says_why() -> None:
    """`raise_if_stopped` is silent until something happened, and then names it."""
    got = Claim(Errand, 1, 1, 1, 0, "w", 60.0)
    got.raise_if_stopped()
    got.stop(Why.CANCELLED)
    with pytest.raises(Interrupted) as caught:
        got.raise_if_stopped()
    assert caught.value.why is Why.CANCELLED


COLUMNS = """
    SELECT DISTINCT a.attname FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
    WHERE i.indrelid = %s::regclass
"""


@pytest.mark.django_db
@pytest.mark.parametrize("model", registry.models(), ids=lambda model: model._meta.label_lower)
def test_no_index_holds_what_a_heartbeat_writes(model: type[LeasedJob]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [model._meta.db_table])
        indexed = {name for (name,) in cursor.fetchall()}
    assert indexed and not indexed & {"lease_until", "progress", "stage"}


def test_a_heartbeat_is_a_hot_update(errands: type[Errand]) -> None:
    """It writes a new version of the row and no entry of any index. The rows of tests before this
    one may have left a page so full that one version goes to the next page."""
    errands.objects.create()
    got = claim(errands, worker="w")
    assert got is not None
    counted = (
        "SELECT pg_stat_get_xact_tuples_updated(%s::regclass), "
        "pg_stat_get_xact_tuples_hot_updated(%s::regclass)"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        tables = [errands._meta.db_table] * 2
        cursor.execute(counted, tables)
        before = cursor.fetchone()
        for number in range(5):
            assert heartbeat(got, progress=number / 5, stage="looking").alive
        cursor.execute(counted, tables)
        updated, hot = cursor.fetchone()
        assert updated == before[0] + 5 and hot >= before[1] + 4
