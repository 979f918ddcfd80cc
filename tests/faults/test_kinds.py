"""Videos never delay photographs, with real workers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.faults.house import House
from tests.faults.test_worker import order

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def film(n: int, seconds: float) -> dict[str, Any]:
    return {**order(n, seconds=seconds), "media_type": "video/mp4"}


def is_done(house: House, key: str, seconds: float) -> float:
    began = time.monotonic()
    house.wait_for(lambda: house.row(key)["state"] == "done", seconds, "it is examined")
    return time.monotonic() - began


def test_a_photograph_goes_at_once_past_forty_long_films(house: House) -> None:
    house.start_worker("--concurrency", "2", JOBS_OVERDUE_SECONDS="600")
    house.wait_for(lambda: bool(house.sql("SELECT 1 FROM jobs_workerheartbeat")), 90, "it is up")
    house.take_in([film(n, 60.0) for n in range(40)])
    house.wait_for(lambda: house.states().get("running") == 1, 30, "a film is examined")
    [photograph] = house.take_in([order(100)]).values()
    assert is_done(house, photograph, 20) < 5
    assert house.states() == {"done": 1, "running": 1, "queued": 39}


def test_a_worker_for_films_and_one_for_the_rest_hear_their_own_bells(house: House) -> None:
    house.start_worker("--concurrency", "1", "--kinds", "video", JOBS_OVERDUE_SECONDS="600")
    house.start_worker("--concurrency", "1", "--kinds", "image,audio", JOBS_OVERDUE_SECONDS="600")
    fresh = "SELECT count(*) FROM jobs_workerheartbeat WHERE kind = 'slot'"
    house.wait_for(lambda: house.one(fresh) == 2, 90, "both are up")
    [long] = house.take_in([film(0, 5.0)]).values()
    [photograph] = house.take_in([order(1)]).values()
    is_done(house, photograph, 20)
    is_done(house, long, 30)
    assert house.row(long)["worker"] != house.row(photograph)["worker"]


def test_a_kind_that_is_not_there_is_refused_in_a_sentence(house: House) -> None:
    done = house.manage("worker", "--kinds", "film", check=False)
    assert done.returncode and "There is no kind 'film'" in done.stderr, done.stderr
    done = house.manage("worker", "--concurrency", "2", "--reserved", "2", check=False)
    assert done.returncode and "1 at most" in done.stderr, done.stderr
