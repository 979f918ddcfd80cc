"""An outage of the store or the database is no fault of the file: nothing is parked for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from blobs import place
from blobs.errors import Damaged, StoreUnavailable
from blobs.services import opened, store
from jobs import claiming, registry
from jobs.claims import Claim
from jobs.errors import Outage
from jobs.models import State, WorkerHeartbeat
from jobs.runner import execute, without_addresses
from jobs.services import claim
from jobs.worker.courier import Courier
from jobs.worker.slot import WorkerSlot
from tests.jobs.errands import Errand


@pytest.fixture(autouse=True)
def own_breaker(monkeypatch: pytest.MonkeyPatch) -> claiming.Breaker:
    fresh = claiming.Breaker()
    monkeypatch.setattr(claiming, "breaker", fresh)
    monkeypatch.setattr("jobs.worker.slot.breaker", fresh)
    monkeypatch.setattr(claiming, "_of_couriers", {})
    return fresh


def test_an_outage_spends_no_attempt_and_pauses_claiming_until_the_part_is_back(
    errands: type[Errand], own_breaker: claiming.Breaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = [True]

    def probe() -> None:
        if away[0]:
            raise place.StoreUnusable("10.1.2.3:9000 refused")

    def run(got: Claim) -> None:
        if away[0]:
            raise Outage("store_unavailable")
        from django.db import transaction

        from jobs.services import finish

        with transaction.atomic():
            finish(got, State.DONE)

    monkeypatch.setitem(claiming._probes, "store_unavailable", probe)
    registry.register(errands, run)
    rows = [errands.objects.create() for _ in range(20)]
    slot = WorkerSlot("w")
    for _ in range(30):
        own_breaker._next_try = 0.0  # as if the pause were over
        slot._work_once(overdue=0.0)
    states = set(errands.objects.values_list("state", "attempt", "reason_code"))
    assert states == {(State.QUEUED, 0, "outage"), (State.QUEUED, 0, "")}
    assert own_breaker.code == "store_unavailable"
    assert "10.1.2.3" not in "".join(errands.objects.values_list("reason", flat=True))
    away[0] = False
    own_breaker._next_try = 0.0
    while slot._work_once(overdue=0.0):
        pass
    assert errands.objects.filter(state=State.DONE).count() == len(rows)


def test_a_courier_pauses_the_work_that_met_an_outage_and_goes_on_with_the_rest(
    errands: type[Errand], own_breaker: claiming.Breaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is claimed once, not again and again, until the part is back."""
    ran: list[Claim] = []
    away = [True]

    def probe() -> None:
        if away[0]:
            raise place.StoreUnusable("away")

    def run(got: Claim) -> None:
        ran.append(got)
        if away[0]:
            raise Outage("store_unavailable")
        from django.db import transaction

        from jobs.services import finish

        with transaction.atomic():
            finish(got, State.DONE)

    monkeypatch.setitem(claiming._probes, "store_unavailable", probe)
    registry.register(errands, run, courier=True)
    errands.objects.create()
    courier = Courier("w")
    assert [courier._one_of(errands) for _ in range(20)] == [True] + [False] * 19
    assert len(ran) == 1 and own_breaker.code == "", "what slots do goes on"
    mine = claiming.breaker_of(errands)
    assert mine.code == "store_unavailable"
    mine._next_try = 0.0  # as if the pause were over
    assert not courier._one_of(errands), "the part was asked first"
    away[0] = False
    mine._next_try = 0.0
    assert courier._one_of(errands) and errands.objects.get().state == State.DONE


def test_a_pause_is_longer_each_time_and_at_most_30_s(own_breaker: claiming.Breaker) -> None:
    claiming.register_probe("nowhere", lambda: 1 / 0)
    own_breaker.trip("nowhere")
    pauses = []
    for _ in range(8):
        own_breaker._next_try = 0.0
        assert not own_breaker.may_claim()
        pauses.append(own_breaker._pause)
    assert pauses == [2, 4, 8, 16, 30, 30, 30, 30]


def test_a_pause_is_seen_on_the_workers_row_and_is_no_ill_health(
    errands: type[Errand], own_breaker: claiming.Breaker
) -> None:
    from jobs import liveness

    liveness.record_heartbeat("w", "slot", lease=True)
    own_breaker.trip("store_unavailable")
    own_breaker.note("w")
    assert WorkerHeartbeat.objects.get(pk="w").paused_for == "store_unavailable"
    assert claiming.paused_since() >= 0 and liveness.health().ok
    own_breaker.code = ""
    own_breaker.note("w")
    assert WorkerHeartbeat.objects.get(pk="w").paused_since is None
    assert claiming.paused_since() == 0


def test_a_lost_connection_to_the_database_spends_no_attempt(errands: type[Errand]) -> None:
    def run(got: Claim) -> None:
        raise OperationalError('connection to server at "10.9.8.7", port 5432 failed')

    registry.register(errands, run)
    errand = errands.objects.create()
    got = claim(errands, worker="w")
    assert got is not None
    execute(got)
    errand.refresh_from_db()
    assert (errand.state, errand.attempt, errand.reason_code) == (State.QUEUED, 0, "outage")
    assert "10.9.8.7" not in errand.reason


@pytest.mark.parametrize(
    "text",
    [
        "EndpointConnectionError: Could not connect to the endpoint URL: http://s3.int:9000/media/x",
        'OSError: connection to server at "db-1.internal:5432" failed',
        "FileNotFoundError: /srv/secret-mount/blobs/sha256/ab",
        "timeout talking to 192.168.7.9:6379",
    ],
)
def test_a_reason_holds_no_address_of_the_site(text: str) -> None:
    masked = without_addresses(text)
    for part in ("s3.int", "9000", "db-1", "secret-mount", "192.168.7.9"):
        assert part not in masked
    assert masked.split(":")[0].split(" ")[0] == text.split(":")[0].split(" ")[0]


@pytest.mark.django_db
def test_a_store_that_is_not_mounted_is_an_outage_and_a_lost_file_is_damage(
    own_home: Path, settings: Any
) -> None:
    import io

    stored = store(io.BytesIO(b"bytes"))
    blobs = own_home / "blobs"
    with pytest.raises(Damaged), opened("0" * 64):
        pass
    blobs.rename(own_home / "unmounted")
    blobs.mkdir()
    with pytest.raises(StoreUnavailable), opened(stored.sha256):
        pass
