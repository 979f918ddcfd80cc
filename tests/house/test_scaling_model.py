"""The simulation of docs/scaling.md agrees with queueing theory where theory has an answer."""

from __future__ import annotations

import math
import random
from statistics import mean

import pytest

from bench.scaling_model import (
    Demand,
    Site,
    Times,
    day,
    p95,
    people_for,
    slots_for,
    throughput,
)

STEADY = Times(upload=[0.1], analysis=[0.9], between=[0.1], cores=1.0)


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_a_full_queue_is_worked_off_at_the_rate_of_its_slots(slots: int) -> None:
    assert throughput(STEADY, 200, slots, cores=math.inf) == pytest.approx(slots, rel=0.03)


def test_slots_share_the_cores_that_there_are() -> None:
    """Four analyses on two cores take twice as long: about two a second, not four."""
    assert throughput(STEADY, 200, 4, cores=2) == pytest.approx(4 / (0.9 * 2 + 0.1), rel=0.05)


def test_the_wait_at_one_slot_is_that_of_theory() -> None:
    """M/M/1 at 80 %: a submission is there for 1 / (rate of service - rate of arrival) seconds."""
    chance = random.Random(1)
    drawn = [chance.expovariate(1.0) for _ in range(20_000)]
    times = Times(upload=[0.0], analysis=drawn, between=[0.0], cores=1.0)
    found = day(times, Site(1, 1000, 0), Demand(0.8, 0.0, 1.0), 60_000)
    assert mean(found.verdict) == pytest.approx(1 / (1 / mean(drawn) - 0.8), rel=0.15)


def test_the_slots_for_a_demand_suffice_and_fewer_do_not() -> None:
    demand = Demand(5.0, 0.05, 90.0)
    slots, waited = slots_for(STEADY, demand, 10.0, 2000.0)
    assert waited <= 10.0 and slots >= 5
    fewer = day(STEADY, Site(4, 100, 0), demand, 2000.0)
    assert p95(fewer.verdict) > 10.0


def test_people_are_as_many_as_their_cases_need() -> None:
    demand = Demand(2.0, 0.05, 90.0)  # 9 people are busy all the time
    assert 9 <= people_for(demand, 1800.0, 20_000.0) <= 12


def test_people_come_after_the_verdict() -> None:
    found = day(STEADY, Site(2, 10, 3), Demand(0.5, 1.0, 5.0), 500.0)
    assert found.decision and min(found.decision) > min(found.verdict)
