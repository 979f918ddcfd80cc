"""A whole installation for benches: its own PostgreSQL, web server and real worker."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.doorway import Doorway
from tests.faults.house import FAST, House


def product_house() -> House:
    """With the product's own settings and times, not those of the fault tests, and no rate limit
    that a bench reaches."""
    house = House()
    for name in FAST:
        del house.env[name]
    house.env |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "REQUIRE_SANDBOX": "1",
        "API_READ_RATE": "1000000/min",
        "API_WRITE_RATE": "1000000/min",
    }
    return house


@contextmanager
def installation(
    workers: int = 2, concurrency: int = 2, partners: int = 1
) -> Iterator[tuple[Doorway, str]]:
    """The open door, and the key of a partner who may send and read; or one a line for each."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ended early, it still tidies up
    house = product_house()
    door = Doorway(house, workers)
    worker = None
    try:
        house.build()
        key = house.python("-m", "tests.faults.partner", str(partners)).stdout.strip()
        door.open()
        worker = house.start_worker("--concurrency", str(concurrency))
        door.wait_until_open(120)
        house.wait_for(lambda: bool(house.sql("SELECT 1 FROM jobs_workerheartbeat")), 120, "worker")
        yield door, key
    finally:
        door.kill()
        if worker:
            house.end(worker)
        house.tear_down()
