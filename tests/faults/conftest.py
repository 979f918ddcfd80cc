from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.house import House


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "faults" in item.path.parts and not item.get_closest_marker("main_path"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def standing_house() -> Iterator[House]:
    house = House()
    try:
        house.build()
        yield house
    finally:
        house.tear_down()


@pytest.fixture
def house(standing_house: House) -> Iterator[House]:
    """An installation with nothing in it, and no worker left of an earlier test."""
    standing_house.clear()
    standing_house.dismiss_the_clerk()  # a crash of the database may have cost it its connection
    yield standing_house
    for worker in standing_house.workers:
        standing_house.end(worker, 9)
    standing_house.workers.clear()
    standing_house.seen.clear()
