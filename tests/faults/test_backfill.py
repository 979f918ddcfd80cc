"""A backfill with real workers: killed at every step, and never delaying a new upload."""

from __future__ import annotations

import os
import signal
import time
from functools import partial

import pytest

from tests.faults.house import House
from tests.faults.test_worker import order

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
FILES = 8
POINTS = ("backfill_before_conclude", "after_verdict", "backfill_before_commit")
NEW = {"FAULTS_ENGINE": "pretended-2"}


@pytest.fixture
def stored(house: House) -> House:
    """Pictures that the engine of yesterday has analysed."""
    house.sql("DELETE FROM accounts_membership; DELETE FROM account_emailaddress;")
    house.sql("SET session_replication_role = replica; DELETE FROM accounts_user; "
              "DELETE FROM accounts_team")  # fmt: skip
    yesterday = {**house.env, "FAULTS_GLANCE": "1"}
    house.python("-m", "tests.faults.inhabit", "analysed", str(FILES), env=yesterday)
    assert house.states() == {"done": FILES}
    return house


def backfill(house: House, *words: str) -> str:
    house.manage("backfill", "plan", "--engine", "pretended-2", *words)
    key = str(house.one("SELECT id FROM backfill_backfill ORDER BY planned_at DESC LIMIT 1"))
    house.manage("backfill", "start", key)
    return key


def items(house: House) -> dict[str, int]:
    return dict(house.sql("SELECT state, count(*) FROM backfill_backfillitem GROUP BY 1"))


def is_over(house: House, key: str) -> bool:
    return bool(house.one("SELECT state = 'done' FROM backfill_backfill WHERE id = %s", key))


def test_kills_at_every_step_repeat_nothing_and_lose_nothing(stored: House) -> None:
    """SIGKILL before, within and at the end of the transaction, and once of the whole worker:
    each file has one further analysis, the record is whole, and the backfill ends by itself."""
    for point in POINTS:
        (stored.failpoints / point).touch()
    key = backfill(stored, "--at-once", "3")
    worker = stored.start_worker("--concurrency", "1", FAULTS_SLOW="0.3", **NEW)
    for point in POINTS:
        armed = stored.failpoints / point
        stored.wait_for(lambda p=armed: not p.exists(), 180, f"{point} is passed")  # type: ignore[misc]
    stored.wait_for(lambda: items(stored).get("done", 0) >= 4, 120, "some are done")
    stored.end(worker, signal.SIGKILL)
    stored.start_worker("--concurrency", "2", FAULTS_SLOW="0.1", **NEW)
    stored.wait_for(partial(is_over, stored, key), 180, "the backfill has ended")
    assert items(stored) == {"done": FILES}
    once = "SELECT count(*), count(DISTINCT chain) FROM ml_analysis WHERE engine_version = %s"
    assert stored.sql(once, "pretended-2") == [(FILES, FILES)]
    assert stored.states() == {"done": 2 * FILES}
    in_force = "SELECT count(*) FROM submissions_submission s JOIN ml_analysis a " \
        "ON a.id = s.analysis_id WHERE a.engine_version = 'pretended-1'"  # fmt: skip
    assert stored.one(in_force) == FILES
    ended = "SELECT count(*) FROM audit_event WHERE verb = 'backfill.ended' AND object_id = %s"
    assert stored.one(ended, key) == 1
    assert f"0 of {FILES} verdicts changed." in stored.manage("backfill", "report", key).stdout
    verified = stored.manage("audit", "verify", check=False)
    assert "of ml_analysis" not in verified.stdout + verified.stderr
    assert "of backfill_backfill" not in verified.stdout + verified.stderr


def test_a_fresh_upload_never_waits_for_a_backfill(stored: House) -> None:
    """One slot, eight files of half a minute each: what comes in is analysed at once, and what
    gave way goes on afterwards, without blame."""
    key = backfill(stored)
    stored.start_worker("--concurrency", "1", FAULTS_SLOW="30", **NEW)
    stored.wait_for(lambda: items(stored).get("running") == 1, 180, "the backfill is at work")
    time.sleep(1.5)
    [fresh] = stored.take_in([order(100)]).values()
    began = time.monotonic()  # the clerk who took it in had to be started first
    stored.wait_for(partial(stored.is_done, fresh), 20, "the fresh one is analysed")
    waited = time.monotonic() - began
    print(f"a fresh upload waited {waited:.1f} s")
    assert waited < 5
    stored.wait_for(lambda: items(stored).get("running") == 1, 20, "the backfill goes on")
    assert items(stored) == {"running": 1, "queued": FILES - 1}
    blamed = "SELECT count(*) FROM backfill_backfillitem WHERE crashes > 0 OR attempt > 1"
    assert stored.one(blamed) == 0
    stored.manage("backfill", "cancel", key)
    stored.wait_for(lambda: items(stored) == {"cancelled": FILES}, 20, "all of it is cancelled")


def test_a_pause_outlives_the_worker(stored: House) -> None:
    """Paused, the worker killed and started anew: nothing begins until it is resumed."""
    key = backfill(stored, "--at-once", "2")
    worker = stored.start_worker("--concurrency", "1", FAULTS_SLOW="0.2", **NEW)
    stored.wait_for(lambda: items(stored).get("done", 0) >= 2, 180, "it has begun")
    stored.manage("backfill", "pause", key)
    for pid in stored.slots():
        os.kill(pid, signal.SIGKILL)
    stored.end(worker, signal.SIGKILL)
    stored.start_worker("--concurrency", "1", FAULTS_SLOW="0.2", **NEW)
    time.sleep(8)
    before = items(stored)["done"]
    time.sleep(4)
    assert items(stored)["done"] == before < FILES
    stored.manage("backfill", "resume", key)
    stored.wait_for(partial(is_over, stored, key), 180, "the backfill has ended")
    assert items(stored) == {"done": FILES}
