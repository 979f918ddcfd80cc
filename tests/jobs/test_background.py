"""Work in the background: taken when nothing else is due, and given back when something is."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from audit.who import SYSTEM
from blobs.services import register, store
from jobs import liveness, registry
from jobs.claims import Claim
from jobs.errors import Interrupted, Why
from jobs.models import LeasedJob, State
from jobs.runner import execute
from jobs.services import claim_one, others_wait
from jobs.timing import InSeconds
from jobs.worker.slot import WorkerSlot
from ml.models import Analysis
from ml.services import queue
from tests.jobs.errands import Errand


@pytest.fixture
def order(errands: type[Errand], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Errands in the background; analyses, which are registered already, before them."""
    done: list[Any] = []

    def run(claim: Claim) -> None:
        done.append(claim.model)
        claim.stop(Why.CANCELLED)
        raise Interrupted(Why.CANCELLED)

    only: dict[type[LeasedJob], registry.Entry] = {
        Errand: registry.Entry(Errand, run, None, None, True),
        Analysis: registry.Entry(Analysis, run, None, None, False),
    }
    monkeypatch.setattr(registry, "_entries", only)
    yield done


def an_analysis() -> Analysis:
    stored = store(io.BytesIO(b"for a test of turns"))
    with transaction.atomic():
        return queue(register(stored, "image/png"), uuid.uuid4(), SYSTEM)


def test_the_background_waits_until_nothing_else_is_due(order: list[Any]) -> None:
    """However long it has been there: all others first, then one of it."""
    Errand.objects.create(available_at=InSeconds(-900))
    an_analysis(), an_analysis()
    slot = WorkerSlot("w1")
    while slot._work_once(overdue=0.0):
        pass
    assert order == [Analysis, Analysis, Errand]


def test_what_gives_way_comes_back_and_is_not_blamed(order: list[Any]) -> None:
    """Queued again at once, no attempt counted, and the row says why."""
    errand = Errand.objects.create()

    def gives_way(claim: Claim) -> None:
        claim.stop(Why.GAVE_WAY)
        claim.raise_if_stopped()

    registry.register(Errand, gives_way, background=True)
    for _ in range(7):  # more often than attempts are allowed
        claim = claim_one(Errand, errand.pk, worker="w1")
        assert claim is not None
        execute(claim)
    errand.refresh_from_db()
    assert (errand.state, errand.attempt, errand.reason_code) == (State.QUEUED, 0, "gave_way")


def test_it_is_known_when_others_wait(order: list[Any]) -> None:
    """Due for a second and not taken: then, and not for its own kind or for what is not due."""
    Errand.objects.create(available_at=InSeconds(-60))
    assert not others_wait(Errand)
    analysis = an_analysis()
    assert not others_wait(Errand, seconds=30)
    type(analysis)._base_manager.update(available_at=InSeconds(-5))
    assert others_wait(Errand)
    type(analysis)._base_manager.update(available_at=InSeconds(60))
    assert not others_wait(Errand)


def test_waiting_in_the_background_is_no_illness(order: list[Any]) -> None:
    """While others are worked on; when nobody works at all, it is told."""
    Errand.objects.create(available_at=InSeconds(-900))
    liveness.record_heartbeat("host:slot1:x:1", "slot", lease=True)
    assert not liveness.health().ok
    analysis = an_analysis()
    claim = claim_one(type(analysis), analysis.pk, worker="w1")
    assert claim is not None and issubclass(claim.model, LeasedJob)
    assert liveness.health().ok
