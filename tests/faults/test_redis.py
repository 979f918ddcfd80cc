"""A worker receives wake-ups again after Redis failed during a job and returned after its end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.faults.brokers import Redis
from tests.faults.house import House
from tests.faults.test_worker import order

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not here"),
]
OVERDUE = 16.0


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


def test_a_worker_hears_again_after_redis_was_away_during_a_job(house: House, redis: Redis) -> None:
    house.env["BROKER_URL"] = redis.url
    house.dismiss_the_clerk()
    house.start_worker("--concurrency", "1", JOBS_OVERDUE_SECONDS=str(OVERDUE))
    house.wait_for(lambda: bool(house.sql("SELECT 1 FROM jobs_workerheartbeat")), 90, "it is up")
    house.take_in([order(0, seconds=6.0)])
    house.wait_for(lambda: house.states().get("running") == 1, 60, "the job runs")
    redis.stop()
    house.wait_until_settled(90)
    redis.start()
    rang, number = False, 0
    deadline = time.monotonic() + 300
    while not rang:
        assert time.monotonic() < deadline, house.log()
        number += 1
        [key] = house.take_in([order(number)]).values()
        sent = time.monotonic()
        house.wait_for(partial(house.is_done, key), 90, "done at last")
        # A row that nobody rang for is taken after half of OVERDUE, not before.
        rang = time.monotonic() - sent < OVERDUE / 2 - 2
    house.env["BROKER_URL"] = ""
    house.dismiss_the_clerk()
    assert house.states() == {"done": number + 1}
