from __future__ import annotations

import json
from functools import partial

import pytest

from tests.faults.house import House
from tests.faults.intake_points import INTAKE, WORK

pytestmark = [pytest.mark.faults, pytest.mark.timeout(200)]


def effects(house: House, key: str) -> int:
    return int(house.one("SELECT count(*) FROM faults_effect WHERE analysis = %s", key))


def events(house: House, key: str, verb: str) -> int:
    question = "SELECT count(*) FROM audit_event WHERE object_id = %s AND verb = %s"
    return int(house.one(question, key, verb))


def test_a_worker_killed_at_any_point_loses_nothing_and_repeats_nothing(house: House) -> None:
    """SIGKILL at every step between claim and commit: one result, one event, one effect each."""
    house.start_worker("--concurrency", "1")
    for number, point in enumerate(WORK):
        armed = house.failpoints / point
        armed.touch()
        [key] = house.take_in([{"n": number, "do": "polite", "seconds": 0}]).values()
        house.wait_for(lambda p=armed: not p.exists(), 30, f"{point} is passed")  # type: ignore[misc]
        house.wait_for(partial(house.is_done, key), 30, f"done after {point}")
        row = house.row(key)
        assert effects(house, key) == events(house, key, "analysis.finished") == 1, point
        assert house.one("SELECT count(*) FROM ml_findingrow WHERE analysis_id = %s", key) == 2
        # What died before its commit was claimed again; what died after it was not.
        claims = 1 if point in ("in_claim", "after_finish") else 2
        assert (row["attempt"], row["fence"]) == (claims, claims), point
        assert events(house, key, "analysis.started") == claims, point
    assert not list(house.failpoints.iterdir())


def test_an_intake_killed_at_any_point_leaves_all_or_nothing(house: House) -> None:
    """SIGKILL at every step of blob and rows: never a row without its bytes, and again works."""
    output = house.python("-m", "tests.faults.intake", "--sweep").stdout.splitlines()
    points = [json.loads(line) for line in output]
    assert [t["point"] for t in points] == list(INTAKE)
    assert all(t["killed"] for t in points), "each point was reached"
    assert not any(t["failed"] for t in points), "the same upload succeeds afterwards"
    rows = {key for (key,) in house.sql("SELECT id::text FROM ml_analysis")}
    assert {t["again"] for t in points} <= rows
    # Only a kill after the commit leaves an order that was not acknowledged, and that is whole.
    assert len(rows) == len(INTAKE) + 1
    assert house.one("SELECT count(*) FROM audit_event WHERE verb = 'analysis.queued'") == len(rows)
    house.start_worker("--concurrency", "2")
    house.wait_until_settled(60)
    assert house.states() == {"done": len(rows)}, "every row's bytes are there and whole"
