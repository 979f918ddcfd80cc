"""The bells of RabbitMQ are quorum queues, heard at once, also after the server was killed."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from jobs.queues import QUEUES, on_rabbitmq
from tests.faults.brokers import RABBITMQ, RabbitMQ
from tests.faults.house import House
from tests.faults.test_worker import order

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not RABBITMQ.exists(), reason="RabbitMQ is not here"),
]
OVERDUE = 24.0
"""A row that nobody rang for is taken after half of it."""


@pytest.fixture
def rabbitmq(tmp_path: Path) -> Iterator[RabbitMQ]:
    server = RabbitMQ(tmp_path)
    server.start()
    yield server
    server.stop()


def queues(server: RabbitMQ) -> dict[str, str]:
    """Each queue and its type, as RabbitMQ's own program tells."""
    done = subprocess.run(
        [str(RABBITMQ / "rabbitmqctl"), "-q", "list_queues", "name", "type", "--no-table-headers"],
        env={**os.environ, **server.environment}, text=True, capture_output=True, check=True,
    )  # fmt: skip
    return dict(line.split("\t") for line in done.stdout.splitlines() if line)


def test_bells_are_quorum_queues_and_are_heard_again_after_a_kill(
    house: House, rabbitmq: RabbitMQ
) -> None:
    house.env["BROKER_URL"] = rabbitmq.url
    house.dismiss_the_clerk()
    try:
        house.start_worker("--concurrency", "1", JOBS_OVERDUE_SECONDS=str(OVERDUE))
        house.wait_for(lambda: bool(house.sql("SELECT 1 FROM jobs_workerheartbeat")), 90, "up")
        assert is_answered(house, 120)
        assert queues(rabbitmq) == {on_rabbitmq(name): "quorum" for name in QUEUES}
        rabbitmq.stop()
        time.sleep(2)
        rabbitmq.start()
        assert is_answered(house, 240)
    finally:
        house.env["BROKER_URL"] = ""
        house.dismiss_the_clerk()


def is_answered(house: House, seconds: float) -> bool:
    """Whether a bell is answered at once, at the latest after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        number = int(time.monotonic() * 10)
        [key] = house.take_in([order(number)]).values()
        sent = time.monotonic()
        house.wait_for(partial(house.is_done, key), 90, "done at last")
        if time.monotonic() - sent < OVERDUE / 2 - 2:
            return True
    return False
