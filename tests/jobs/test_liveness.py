from __future__ import annotations

import pytest
from django.core.management import call_command

from jobs import liveness
from jobs.models import WorkerHeartbeat
from jobs.services import claim
from jobs.timing import InSeconds
from tests.jobs.errands import Errand


def status() -> int:
    with pytest.raises(SystemExit) as ended:
        call_command("worker_health")
    return int(ended.value.code or 0)


def test_no_worker_is_not_healthy(errands: type[Errand]) -> None:
    """Nobody ever worked here: exit status 1."""
    assert status() == 1


@pytest.mark.parametrize("how", ["lease", "reconcile"])
def test_a_fresh_lease_or_reconcile_is_life(errands: type[Errand], how: str) -> None:
    """Either is enough, and only for a minute."""
    liveness.record_heartbeat("w", "slot", **{how: True})
    assert status() == 0
    field = {"lease": "lease_renewed_at", "reconcile": "reconciled_at"}[how]
    WorkerHeartbeat.objects.update(**{field: InSeconds(-61)})
    assert status() == 1


def test_merely_being_there_is_not_life(errands: type[Errand]) -> None:
    """A process that breathes but neither works nor reconciles counts for nothing."""
    liveness.record_heartbeat("w", "slot")
    assert status() == 1


def test_another_hosts_worker_is_not_ours(errands: type[Errand]) -> None:
    """A container asks for its own worker; the site as a whole can be asked for too."""
    liveness.record_heartbeat("w", "beat", reconcile=True)
    WorkerHeartbeat.objects.update(host="elsewhere")
    assert status() == 1
    assert liveness.health().ok


def test_alive_but_deaf_is_not_healthy(errands: type[Errand]) -> None:
    """Things wait for five minutes and nobody holds a lease, although the clock still ticks."""
    liveness.record_heartbeat("w", "beat", reconcile=True)
    errands.objects.create()
    errands.objects.update(available_at=InSeconds(-301))
    assert status() == 1
    claim(errands, worker="w")
    assert status() == 0


def test_without_a_database_nobody_is_healthy(errands: type[Errand], monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """The question that cannot be asked is answered with no, in a sentence."""
    from django.db import OperationalError

    def away(*_: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(liveness, "health", away)
    assert status() == 1
