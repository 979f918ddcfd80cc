from __future__ import annotations

import io
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image

from tests.faults.house import House

pytestmark = [pytest.mark.faults, pytest.mark.timeout(200)]


def order(number: int = 0, seconds: float = 0.0, do: str = "polite") -> dict[str, object]:
    return {"n": number, "do": do, "seconds": seconds}


@contextmanager
def handing_down(dispositions: dict[signal.Signals, signal.Handlers]) -> Iterator[None]:
    """What a process that is started within finds as its own."""
    before = {number: signal.signal(number, how) for number, how in dispositions.items()}
    try:
        yield
    finally:
        for number, how in before.items():
            signal.signal(number, how)


def wait_for_done(house: House, seconds: float = 40) -> None:
    house.wait_until_settled(seconds)
    assert house.states().keys() == {"done"}


def test_the_bell_is_answered_at_once_by_the_applications_own_role(house: House) -> None:
    """Over pgmq on a Unix socket, without rights to create anything: done long before overdue."""
    house.start_worker("--concurrency", "1", JOBS_OVERDUE_SECONDS="600")
    house.wait_for(lambda: bool(house.sql("SELECT 1 FROM jobs_workerheartbeat")), 90, "it is up")
    house.take_in([order(n) for n in range(3)])
    wait_for_done(house)
    # The first bell wakes a hand that goes on until nothing is due; the others find nothing.
    left = "SELECT count(*) FROM pgmq.q_touchstone_image"
    house.wait_for(lambda: house.one(left) == 0, 20, "every bell is answered")


def test_analyses_stand_back(house: House) -> None:
    """The worker and all that it starts have a smaller share of the processor than a web server."""
    worker = house.start_worker("--concurrency", "1", "--nice", "7")
    house.wait_for(lambda: bool(house.sql("SELECT 1 FROM jobs_workerheartbeat")), 90, "it is up")
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert {p.nice() for p in house.tree(worker)} == {ours + 7}


def test_without_a_broker_the_worker_looks_by_itself(house: House) -> None:
    """`--no-broker`: the table alone is enough."""
    house.start_worker("--concurrency", "2", "--no-broker", JOBS_OVERDUE_SECONDS="600")
    house.take_in([order(n) for n in range(5)])
    house.lose_all_bells()
    wait_for_done(house)


def test_a_broker_that_cannot_be_reached_costs_seconds(house: House) -> None:
    """Nobody listens at BROKER_URL: the bells fail, the jobs are done, and health is good."""
    away = "redis://127.0.0.1:1/0"
    house.env["BROKER_URL"] = away
    house.dismiss_the_clerk()
    try:
        house.start_worker("--concurrency", "1")
        began = time.monotonic()
        house.take_in([order(n) for n in range(3)])
        assert time.monotonic() - began < 30, "intake waits for no broker"
        wait_for_done(house)
        assert house.manage("worker_health").returncode == 0
    finally:
        house.env["BROKER_URL"] = ""
        house.dismiss_the_clerk()


def test_all_bells_lost_at_once_are_rung_again(house: House) -> None:
    """20 queued, every message deleted: all are done all the same."""
    house.take_in([order(n) for n in range(20)])
    house.lose_all_bells()
    house.start_worker("--concurrency", "2")
    wait_for_done(house)


def test_term_gives_the_work_back_and_leaves_no_process(house: House) -> None:
    """SIGTERM during a long job: it is queued again, its attempt does not count, nobody stays."""
    worker = house.start_worker("--concurrency", "2")
    [key] = house.take_in([order(seconds=60)]).values()
    house.wait_for(lambda: house.row(key)["state"] == "running", 30, "it runs")
    house.wait_for(lambda: house.row(key)["progress"] > 0, 10, "its progress shows")
    assert len(house.tree(worker)) >= 3
    began = time.monotonic()
    assert house.end(worker, signal.SIGTERM) == 0
    assert time.monotonic() - began < 12
    assert house.leftovers(1) == []
    row = house.row(key)
    assert (row["state"], row["attempt"], row["reason_code"]) == ("queued", 0, "released")
    assert house.manage("worker_health", check=False).returncode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("broker", [(), ("--no-broker",)])
def test_a_worker_in_the_background_stops_in_order_on_ctrl_c_and_when_the_terminal_closes(
    house: House, number: signal.Signals, broker: tuple[str, ...]
) -> None:
    """Started with SIGINT ignored, as a script's `&` does; the signal reaches its whole group, as a
    terminal sends it. The work is given back and nobody stays, nor starts anew."""
    with handing_down({signal.SIGINT: signal.SIG_IGN, signal.SIGHUP: signal.SIG_DFL}):
        worker = house.start_worker("--concurrency", "1", *broker)
    (key,) = house.take_in([order(0, seconds=600)]).values()
    house.wait_for(lambda: house.row(key)["state"] == "running", 90, "it runs")
    house.tree(worker)
    os.killpg(worker.pid, number)
    assert worker.wait(30) == 0, house.log()
    row = house.row(key)
    assert (row["state"], row["attempt"]) == ("queued", 0)
    assert house.leftovers() == []


def test_term_lets_short_work_finish(house: House) -> None:
    """What needs less than the grace time is finished, not thrown away."""
    worker = house.start_worker("--concurrency", "1", JOBS_GRACE_SECONDS="8")
    [key] = house.take_in([order(seconds=2)]).values()
    house.wait_for(lambda: house.row(key)["state"] == "running", 30, "it runs")
    house.end(worker, signal.SIGTERM)
    assert (house.row(key)["state"], house.row(key)["fence"]) == ("done", 1)


def test_a_killed_supervisor_takes_its_processes_along(house: House) -> None:
    """SIGKILL of the parent: the children give back what they hold and go."""
    worker = house.start_worker("--concurrency", "2")
    [key] = house.take_in([order(seconds=60)]).values()
    house.wait_for(lambda: house.row(key)["state"] == "running", 30, "it runs")
    house.tree(worker)
    worker.kill()
    worker.wait()
    assert house.leftovers(15) == []
    assert house.row(key)["state"] == "queued"


def test_a_cancelled_run_stops(house: House) -> None:
    """A running analysis is cancelled within seconds, and the event says who did it."""
    house.start_worker("--concurrency", "1")
    [key] = house.take_in([order(seconds=60)]).values()
    house.wait_for(lambda: house.row(key)["state"] == "running", 30, "it runs")
    house.sql("UPDATE ml_analysis SET cancel_requested = true WHERE id = %s", key)
    house.wait_for(lambda: house.row(key)["state"] == "cancelled", 10, "it is cancelled")
    seen = house.sql("SELECT verb FROM audit_event WHERE object_id = %s ORDER BY seq", key)
    assert [verb for (verb,) in seen] == [
        "analysis.queued", "analysis.started", "analysis.cancelled"
    ]  # fmt: skip


def test_a_killed_hand_is_replaced_and_its_job_restarted_before_the_lease_ends(
    house: House,
) -> None:
    """The supervisor saw it die, so nobody waits for the lease (here a whole minute)."""
    house.start_worker("--concurrency", "1", JOBS_LEASE_SECONDS="60")
    [key] = house.take_in([order(do="polite", seconds=3)]).values()
    house.wait_for(lambda: house.row(key)["state"] == "running", 30, "it runs")
    [pid] = house.slots()
    import os

    os.kill(pid, signal.SIGKILL)
    house.wait_for(lambda: house.row(key)["fence"] == 2, 20, "it was claimed again")
    wait_for_done(house)
    assert house.row(key)["crashes"] == 1


def test_the_real_engine_in_a_real_worker_never_loads_tensorflow(house: House) -> None:
    """An image goes through sandbox and engine in a worker; TensorFlow is not in its memory."""
    picture = io.BytesIO()
    Image.effect_noise((64, 48), 40).convert("RGB").save(picture, "PNG")
    house.start_worker("--concurrency", "1", JOBS_LEASE_SECONDS="60", REQUIRE_SANDBOX="1")
    house.python("-m", "tests.faults.intake", "--file", "image/png", stdin=picture.getvalue().hex())
    house.wait_until_settled(90)
    [(state, outcome, reason)] = house.sql("SELECT state, outcome, reason FROM ml_analysis")
    assert state == "done", reason
    assert outcome != "rejected", reason
    assert house.one("SELECT count(*) FROM ml_findingrow") >= 1
    loaded = json.loads((house.home / "modules.json").read_text())
    assert "ml" in loaded and "numpy" in loaded
    assert "tensorflow" not in loaded
