"""A simulation of a site as queues: uploads, analyses and people, in SimPy, based on measured
times."""

from __future__ import annotations

import math
import random
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import simpy

Steps = Generator[Any, Any, None]


@dataclass(frozen=True)
class Times:
    """Seconds, one for each job that was measured."""

    upload: Sequence[float]
    analysis: Sequence[float]
    between: Sequence[float]
    """From the end of a job to the next claim of the same slot."""
    cores: float
    """Cores that one analysis keeps busy while it runs."""


@dataclass(frozen=True)
class Site:
    slots: int
    web_threads: int
    people: int
    cores: float = math.inf
    """Of all machines with workers; endless where each slot has its own."""


@dataclass(frozen=True)
class Demand:
    a_second: float
    reviewed: float
    """The share that a person looks at."""
    review_seconds: float


@dataclass
class Outcome:
    verdict: list[float]
    """Seconds from the upload's begin to the verdict, of each."""
    decision: list[float]
    left: int = 0
    """What had no verdict at the end."""


class Model:
    def __init__(self, times: Times, site: Site, seed: int = 23) -> None:
        self.env = simpy.Environment()
        self.times, self.site, self.chance = times, site, random.Random(seed)
        self.web = simpy.Resource(self.env, site.web_threads)
        self.slots = simpy.Resource(self.env, site.slots)
        self.people = simpy.Resource(self.env, max(site.people, 1))
        self.out = Outcome([], [])
        self.begun = 0
        self.ends: list[float] = []

    def analysis(self) -> Steps:
        """On a slot of its own; slower where more is at work than there are cores."""
        with self.slots.request() as slot:
            yield slot
            wanted = self.slots.count * self.times.cores
            slower = max(1.0, wanted / self.site.cores)
            yield self.env.timeout(self.chance.choice(self.times.analysis) * slower)
            self.ends.append(self.env.now)
            yield self.env.timeout(self.chance.choice(self.times.between))

    def submission(self, demand: Demand) -> Steps:
        came = self.env.now
        self.begun += 1
        with self.web.request() as thread:
            yield thread
            yield self.env.timeout(self.chance.choice(self.times.upload))
        yield from self.analysis()
        self.out.verdict.append(self.env.now - came)
        if self.site.people and self.chance.random() < demand.reviewed:
            with self.people.request() as person:
                yield person
                yield self.env.timeout(self.chance.expovariate(1 / demand.review_seconds))
            self.out.decision.append(self.env.now - came)

    def arrivals(self, demand: Demand, seconds: float) -> Steps:
        while self.env.now < seconds:
            yield self.env.timeout(self.chance.expovariate(demand.a_second))
            self.env.process(self.submission(demand))


def throughput(times: Times, jobs: int, slots: int, cores: float) -> float:
    """Analyses a second of a queue that is full from the beginning."""
    model = Model(times, Site(slots, 1, 0, cores))
    for _ in range(jobs):
        model.env.process(model.analysis())
    model.env.run()
    return rate(model.ends, slots)


def rate(ends: Sequence[float], slots: int) -> float:
    """Once each slot is likely to have ended its first job; that loads the models."""
    ends = sorted(ends)
    return (len(ends) - slots) / (ends[-1] - ends[slots - 1])


def day(times: Times, site: Site, demand: Demand, seconds: float) -> Outcome:
    model = Model(times, site)
    model.env.process(model.arrivals(demand, seconds))
    model.env.run(until=seconds)
    model.out.left = model.begun - len(model.out.verdict)
    return model.out


def p95(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=20)[-1] if len(seconds) > 1 else math.inf


def slots_for(
    times: Times, demand: Demand, most_seconds: float, seconds: float
) -> tuple[int, float]:
    """The fewest slots, each with cores of its own, that keep 95 of 100 verdicts below
    `most_seconds`; and what those 95 wait at most."""
    mean = sum(times.analysis) / len(times.analysis) + sum(times.between) / len(times.between)
    slots = max(1, math.floor(demand.a_second * mean))
    threads = max(4, math.ceil(2 * demand.a_second * sum(times.upload) / len(times.upload)))
    while True:
        found = day(times, Site(slots, threads, 0), demand, seconds)
        waited = p95(found.verdict)
        if waited <= most_seconds and found.left <= demand.a_second * most_seconds:
            return slots, waited
        slots += max(1, slots // 20)


class Desk:
    """People alone, with the cases of a site."""

    def __init__(self, demand: Demand, people: int, seconds: float) -> None:
        self.env, self.chance = simpy.Environment(), random.Random(23)
        self.desk = simpy.Resource(self.env, people)
        self.demand, self.seconds = demand, seconds
        self.waits: list[float] = []
        self.begun = 0
        self.env.process(self.arrivals())
        self.env.run(until=seconds)

    def case(self) -> Steps:
        came = self.env.now
        with self.desk.request() as turn:
            yield turn
            yield self.env.timeout(self.chance.expovariate(1 / self.demand.review_seconds))
        self.waits.append(self.env.now - came)

    def arrivals(self) -> Steps:
        while True:
            cases = self.demand.a_second * self.demand.reviewed
            yield self.env.timeout(self.chance.expovariate(cases))
            self.begun += 1
            self.env.process(self.case())


def people_for(demand: Demand, most_seconds: float, seconds: float) -> int:
    """The fewest people at work at once who decide 95 of 100 cases within `most_seconds`."""
    cases = demand.a_second * demand.reviewed
    people = max(1, math.ceil(cases * demand.review_seconds))
    while True:
        found = Desk(demand, people, seconds)
        left = found.begun - len(found.waits)
        if p95(found.waits) <= most_seconds and left <= max(1.0, cases * most_seconds):
            return people
        people += max(1, people // 20)
