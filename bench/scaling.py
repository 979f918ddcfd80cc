"""How much a site can handle: times measured here, a simulation based on them, and its validation.

    PYTHONPATH=platform:. python bench/scaling.py [--jobs 30] [--write] [--again]
        [--core-hour P] [--gb-month P] [--person-hour P] [--reviewed 0.05] [--review-seconds 90]

Photographs arrive over REST; then workers of one slot each analyse them. Only one run feeds the
simulation. The simulation then predicts the throughput of 1 and 2 workers with PostgreSQL's own
queue, Redis and RabbitMQ, and each is measured. `--write` puts the tables into docs/scaling.md;
`--again` uses the measurements of the last run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import psutil  # noqa: E402
import requests  # noqa: E402

from bench.installation import product_house  # noqa: E402
from bench.report import machine  # noqa: E402
from bench.scaling_model import (  # noqa: E402
    Demand,
    Times,
    people_for,
    rate,
    slots_for,
    throughput,
)
from bench.verdict import photographs  # noqa: E402
from ml.evaluation import pages  # noqa: E402
from tests.faults.brokers import KINDS, broker  # noqa: E402
from tests.faults.doorway import Doorway  # noqa: E402

COMMAND = "python bench/scaling.py"
PAGE = ROOT / "docs" / "scaling.md"
KEPT = ROOT / ".touchstone" / "scaling.json"
PATIENCE_SECONDS = 900
WITHIN = 0.2
DAILY = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
PEAK = 3.0
VERDICT_SECONDS, DECISION_SECONDS = 60.0, 1800.0
SEAL = """
import sys, time, uuid
import django
django.setup()
from django.db import transaction
from audit.sealer import seal
from audit.services import record
from audit.verbs import Verb
from audit.who import SYSTEM
seal(everything=True)
count = int(sys.argv[1])
for start in range(0, count, 200):
    with transaction.atomic():
        for n in range(start, start + 200):
            chain = uuid.UUID(int=n % 500 + 1)
            record(chain=chain, verb=Verb.MEDIA_VIEWED, who=SYSTEM, object_type="submission",
                   object_id=str(chain), object_sha256="ab" * 32, data={"n": n})
began = time.monotonic()
seal(everything=True)
print(count / (time.monotonic() - began))
"""


class Bench:
    """One installation, on which run follows run."""

    def __init__(self) -> None:
        self.house = product_house()
        self.house.build()
        self.key = self.house.python("-m", "tests.faults.partner", "1").stdout.strip()

    def run(self, kind: str, workers: int, jobs: int) -> dict[str, Any]:
        house = self.house
        bells = broker(kind, house)
        bells.start()
        house.env["BROKER_URL"] = bells.url
        door, started = Doorway(house, 1), []
        size, wal = self._weighed()
        first = house.one("SELECT coalesce(max(created_at), '-infinity')::text FROM ml_analysis")
        try:
            door.open()
            door.wait_until_open(120)
            uploads = self._send(door, jobs)
            load = os.getloadavg()[0]
            started = [
                house.start_worker("--concurrency", "1", "--nice", "0") for _ in range(workers)
            ]
            rows = self._wait(first, jobs)
            cpu = sum(self._cpu(worker) for worker in started)
        finally:
            door.kill()
            for worker in started:
                house.end(worker)
            bells.stop()
        busy = [end - begin for begin, end in rows]
        grown, logged = (now - then for now, then in zip(self._weighed(), (size, wal), strict=True))
        return {
            "broker": kind, "workers": workers, "jobs": jobs, "load": load, "uploads": uploads,
            "busy": busy, "ends": [end for _, end in rows],
            "between": [
                max(0.0, begin - end) for (_, end), (begin, _) in pairwise(rows)
            ] if workers == 1 else [],
            "cpu": cpu, "bytes": grown / jobs, "wal": logged / jobs,
        }  # fmt: skip

    def _weighed(self) -> tuple[int, int]:
        size = "SELECT pg_database_size(current_database())"
        return int(self.house.one(size)), int(
            self.house.one("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
        )

    def _send(self, door: Doorway, jobs: int) -> list[float]:
        took = []
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {self.key}"
            for number, photo in enumerate(photographs(jobs)):
                # Other bytes in each run: what was examined is not examined again.
                photo += f"{time.time_ns()}".encode()
                began = time.perf_counter()
                session.post(
                    f"{door.url}/api/v1/submissions/", timeout=60,
                    files={"file": (f"{number}.jpg", photo, "image/jpeg")},
                ).raise_for_status()  # fmt: skip
                took.append(time.perf_counter() - began)
        return took[1:]

    def _wait(self, since: str, jobs: int) -> list[tuple[float, float]]:
        ask = (
            "SELECT extract(epoch FROM started_at)::float8, "
            "extract(epoch FROM finished_at)::float8 FROM ml_analysis "
            "WHERE created_at > %s::timestamptz AND state = 'done' ORDER BY 1"
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(rows := self.house.sql(ask, since)) < jobs:
            if time.monotonic() > deadline:
                raise SystemExit(f"{len(rows)} of {jobs} are done: {self.house.log()}")
            time.sleep(0.5)
        return [(begin, end) for begin, end in rows]

    def _cpu(self, worker: Any) -> float:
        spent = 0.0
        for process in [psutil.Process(worker.pid), *self.house.tree(worker)]:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            spent += times.user + times.system
            spent += times.children_user + times.children_system if process.pid != worker.pid else 0
        return spent

    def seal_rate(self, events: int = 4000) -> float:
        return float(self.house.python("-c", SEAL, str(events)).stdout.split()[-1])

    def events(self) -> float:
        return float(self.house.one(
            "SELECT count(*)::float8 / greatest(count(DISTINCT object_id), 1) FROM audit_event "
            "WHERE chain IN (SELECT chain FROM ml_analysis)"
        ))  # fmt: skip

    def close(self) -> None:
        self.house.tear_down()


def measure(jobs: int) -> dict[str, Any]:
    bench = Bench()
    try:
        bench.run("pgmq", 1, 4)  # cold files
        fed = bench.run("pgmq", 1, jobs)
        runs = [bench.run(kind, workers, jobs) for kind in KINDS for workers in (1, 2)]
        return {"fed": fed, "runs": runs, "seal": bench.seal_rate(), "events": bench.events(),
                "machine": machine(), "cores": os.cpu_count()}  # fmt: skip
    finally:
        bench.close()


def times_of(found: dict[str, Any]) -> Times:
    fed = found["fed"]
    busy = fed["busy"][1:]  # the first loads the models
    return Times(fed["uploads"], busy, fed["between"][1:], fed["cpu"] / sum(fed["busy"]))


def lines(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(
        ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        + ["| " + " | ".join(row) + " |" for row in rows]
    )


def measured(found: dict[str, Any]) -> str:
    fed, times = found["fed"], times_of(found)
    rows = [
        ["upload of a 1600 x 1200 photograph until 202, median", f"{median(times.upload):.3f} s"],
        ["its analysis, from claim to verdict, median", f"{median(times.analysis):.2f} s"],
        ["from a verdict to the same slot's next claim, median", f"{median(times.between):.3f} s"],
        ["processor time of its analysis", f"{fed['cpu'] / fed['jobs']:.2f} s"],
        ["database for one, before the next vacuum", f"{fed['bytes'] / 1000:.0f} kB"],
        ["write-ahead log for one", f"{fed['wal'] / 1000:.0f} kB"],
        ["events that the one sealer seals a second", f"{found['seal']:.0f}"],
    ]
    return lines(["what", f"measured ({found['machine']}, load {fed['load']:.1f})"], rows)


def checked(found: dict[str, Any]) -> str:
    times, rows = times_of(found), []
    by = {(r["broker"], r["workers"]): rate(r["ends"], r["workers"]) for r in found["runs"]}
    for run in found["runs"]:
        predicted = throughput(times, run["jobs"], run["workers"], found["cores"])
        was = by[run["broker"], run["workers"]]
        off = predicted / was - 1
        rows.append(
            [{"pgmq": "PostgreSQL", "redis": "Redis", "rabbitmq": "RabbitMQ"}[run["broker"]],
             str(run["workers"]), f"{predicted:.2f}", f"{was:.2f}",
             f"{off:+.0%}" + ("" if abs(off) <= WITHIN else ", missed"), f"{run['load']:.1f}",
             f"{was / by[run['broker'], 1]:.2f}" if run["workers"] == 2 else ""]
        )  # fmt: skip
    head = ["queue", "workers", "predicted a second", "measured a second", "off", "load before",
            "2 workers / 1 worker"]  # fmt: skip
    return lines(head, rows)


def levels(found: dict[str, Any], reviewed: float, review_seconds: float) -> str:
    times, fed, rows = times_of(found), found["fed"], []
    for daily in DAILY:
        demand = Demand(daily / 86_400 * PEAK, reviewed, review_seconds)
        seconds = min(3600.0, max(240.0, 20_000 / demand.a_second))
        slots, waited = slots_for(times, demand, VERDICT_SECONDS, seconds)
        people = people_for(demand, DECISION_SECONDS, 4 * DECISION_SECONDS)
        events = demand.a_second * found["events"]
        rows.append(
            [f"{daily:,}", f"{demand.a_second:.2f}", str(slots), f"{waited:.1f} s",
             f"{slots * times.cores:.1f}", f"{demand.a_second * fed['wal'] / 1e6:.2f} MB/s",
             f"{daily * fed['bytes'] / 1e9:.1f} GB", f"{events / found['seal']:.0%}", str(people)]
        )  # fmt: skip
    head = ["photographs a day", "a second at the peak", "slots",
            "95 of 100 verdicts within", "cores of workers", "write-ahead log at the peak",
            "database a day", "of the sealer's rate", "people at work at the peak"]  # fmt: skip
    return lines(head, rows)


def costs(found: dict[str, Any], options: argparse.Namespace) -> str:
    fed = found["fed"]
    core_hours = 1000 * fed["cpu"] / fed["jobs"] / 3600
    stored = 1000 * fed["bytes"] / 1e9
    person_hours = 1000 * options.reviewed * options.review_seconds / 3600
    rows = [
        [
            "workers",
            f"{core_hours:.2f} core-hours",
            "x price of a core-hour / share of the day that workers are busy",
        ],
        ["database", f"{stored:.3f} GB", "x price of a GB-month x months kept"],
        ["media", "your files", "x price of a GB-month x months kept"],
        ["people", f"{person_hours:.2f} hours", "x price of an hour"],
    ]
    prices = (options.core_hour, options.gb_month, options.person_hour)
    if all(price is not None for price in prices):
        core, gb, hour = prices
        total = core_hours * core / options.busy + stored * gb * options.months
        total += person_hours * hour
        rows.append(["in all, without media", f"{total:.2f}", "in the currency of the prices"])
    return lines(["1,000 photographs need", "how much", "cost"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=30)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--again", action="store_true", help="reuse the last measurements")
    parser.add_argument("--reviewed", type=float, default=0.05, help="share that people look at")
    parser.add_argument("--review-seconds", type=float, default=90.0)
    parser.add_argument("--core-hour", type=float)
    parser.add_argument("--gb-month", type=float)
    parser.add_argument("--person-hour", type=float)
    parser.add_argument("--busy", type=float, default=0.4, help="share of the day workers are busy")
    parser.add_argument("--months", type=float, default=12)
    options = parser.parse_args()
    if options.again:
        found = json.loads(KEPT.read_text())
    else:
        found = measure(options.jobs)
        KEPT.write_text(json.dumps(found))
    tables = {
        "measured": measured(found), "checked": checked(found),
        "levels": levels(found, options.reviewed, options.review_seconds),
        "costs": costs(found, options),
    }  # fmt: skip
    for name, body in tables.items():
        print(f"\n{name}\n{body}", flush=True)
        if options.write:
            pages.written(PAGE, name, f"Written by `{COMMAND} --write`.\n\n{body}")


if __name__ == "__main__":
    main()
