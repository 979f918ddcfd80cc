from __future__ import annotations

from typing import Any

from django.db import transaction

from jobs.models import Priority, State
from jobs.services import claim, claim_one, finish
from jobs.timing import InSeconds
from tests.jobs.errands import Errand
from tests.jobs.helpers import in_threads, make_due


def test_a_claim_takes_the_row_with_a_lease_and_a_higher_fence(errands: type[Errand]) -> None:
    """What was queued is running, leased for the asked time by the database's clock."""
    errand = errands.objects.create()
    got = claim(errands, worker="w1", lease_seconds=60)
    errand.refresh_from_db()
    assert got is not None and got.pk == errand.pk and (got.fence, got.attempt) == (1, 1)
    assert errand.state == State.RUNNING and errand.worker == "w1"
    assert errand.lease_until is not None and errand.started_at is not None
    assert 59 < (errand.lease_until - errand.started_at).total_seconds() < 61
    assert claim(errands, worker="w2") is None


def test_nothing_due_is_none(errands: type[Errand]) -> None:
    """A row that waits for its backoff is not claimed before its time."""
    errand = errands.objects.create()
    errands.objects.update(available_at=InSeconds(60))
    assert claim(errands, worker="w") is None
    assert claim_one(errands, errand.pk, worker="w") is None
    make_due(errand)
    assert claim_one(errands, errand.pk, worker="w") is not None


def test_interactive_before_partner_before_batch(errands: type[Errand]) -> None:
    """Priority decides among rows of about the same age."""
    for priority in (Priority.BATCH, Priority.INTERACTIVE, Priority.PARTNER):
        errands.objects.create(priority=priority)
    order = [claim(errands, worker="w") for _ in range(3)]
    priorities = [errands.objects.get(pk=got.pk).priority for got in order if got]
    assert priorities == [Priority.INTERACTIVE, Priority.PARTNER, Priority.BATCH]


def test_batch_never_starves(errands: type[Errand]) -> None:
    """A batch row that waited 21 minutes goes before an interactive one that came just now."""
    old = errands.objects.create(priority=Priority.BATCH)
    errands.objects.filter(pk=old.pk).update(created_at=InSeconds(-21 * 60))
    errands.objects.create(priority=Priority.INTERACTIVE)
    got = claim(errands, worker="w")
    assert got is not None and got.pk == old.pk


def test_overdue_leaves_fresh_rows_to_the_bell(errands: type[Errand]) -> None:
    """Whoever looks without a bell takes only what waits for long already."""
    errand = errands.objects.create()
    assert claim(errands, worker="w", overdue=30) is None
    errands.objects.filter(pk=errand.pk).update(available_at=InSeconds(-31))
    assert claim(errands, worker="w", overdue=30) is not None


def test_eight_workers_never_share_a_row(errands: type[Errand]) -> None:
    """40 rows, 8 connections at once: each row is claimed exactly once, none is left."""
    errands.objects.bulk_create(Errand() for _ in range(40))

    def work(n: int) -> list[Any]:
        mine = []
        while (got := claim(errands, worker=f"w{n}")) is not None:
            mine.append(got.pk)
        return mine

    taken = [pk for mine in in_threads(8, work) for pk in mine]
    assert len(taken) == len(set(taken)) == 40


def test_a_locked_row_holds_up_nobody(errands: type[Errand]) -> None:
    """A row that somebody else has locked is passed over, not waited for."""
    first, second = errands.objects.create(), errands.objects.create()
    with transaction.atomic():
        errands.objects.select_for_update().get(pk=first.pk)
        [got] = in_threads(1, lambda n: claim(errands, worker="other"))
    assert got.pk == second.pk


def test_finish_writes_the_result_and_settles(errands: type[Errand]) -> None:
    """A finished row holds no lease, knows its end, and shows its whole progress."""
    errand = errands.objects.create()
    got = claim(errands, worker="w")
    assert got is not None
    with transaction.atomic():
        finish(got, State.DONE, result="42")
    errand.refresh_from_db()
    assert (errand.state, errand.result, errand.progress) == (State.DONE, "42", 1.0)
    assert errand.lease_until is None and errand.finished_at is not None
