"""The storm: many jobs, and everything round them is killed, frozen, cut off and restarted.

    python -m tests.faults.storm --jobs 600        # the long form: `make faults`
    python -m tests.faults.storm --broker redis    # or rabbitmq, a real server

The plan is drawn from a seed. What counts at the end is counted in the database: every intake that
was acknowledged has exactly one result, or is poison and parked with its reason.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.faults.brokers import KINDS, Broker, Pgmq, broker
from tests.faults.house import House, alive, wake

POISON = ("kill_worker", "kill_worker", "kill_child")
FROZEN_SECONDS = 4.0
"""Longer than the lease and the reconciler's round: whoever wakes then is a zombie."""

PLANNED_NAMES = {
    "purge": "bells purged",
    "drop": "broker lost",
    "crash_postgres": "database crashed",
}

HEARD_WITHIN = 1.5
"""A row whose bell nobody hears is taken after two seconds (half of JOBS_OVERDUE_SECONDS)."""


@dataclass
class Report:
    jobs: int = 0
    seconds: float = 0.0
    lost: int = 0
    double_results: int = 0
    poison_parked: int = 0
    poison: int = len(POISON)
    innocent_parked_then_requeued: int = 0
    late_writes_refused: int = 0
    done_without_effect_or_event: int = 0
    wrong_findings: int = 0
    processes_left: int = 0
    deaf: bool = True
    audit_verified: str = ""
    audit_broken: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def table(self) -> str:
        rows: list[tuple[str, Any]] = [
            ("jobs", self.jobs),
            ("seconds", f"{self.seconds:.0f}"),
            *sorted(self.faults.items()),
            ("lost", self.lost),
            ("double results", self.double_results),
            ("done without effect or event", self.done_without_effect_or_event),
            ("results with missing findings", self.wrong_findings),
            ("poison parked", f"{self.poison_parked} of {self.poison}"),
            ("innocent parked, then requeued", self.innocent_parked_then_requeued),
            ("late writes refused", self.late_writes_refused),
            ("processes left behind", self.processes_left),
            ("bells heard afterwards", "no" if self.deaf else "yes"),
            ("audit record", self.audit_verified),
        ]
        return "\n".join(f"{name:<34}{value}" for name, value in rows)

    def good(self) -> bool:
        return self.kept() and self.late_writes_refused > 0

    def kept(self) -> bool:
        """The promises alone, however much or little struck."""
        bad = (self.lost, self.double_results, self.done_without_effect_or_event,
               self.wrong_findings, self.processes_left, self.audit_broken,
               self.deaf)  # fmt: skip
        return not any(bad) and self.poison_parked == self.poison


class Storm:
    def __init__(
        self,
        house: House,
        jobs: int,
        *,
        workers: int,
        seconds: float,
        seed: int,
        strike_every: tuple[float, float] = (0.2, 0.6),
        say: Any = None,
        broker: Broker | None = None,
    ) -> None:
        self.broker = broker or Pgmq(house)
        self.strike_every = strike_every
        self.house, self.jobs, self.workers = house, jobs, workers
        self.seconds, self.chance = seconds, random.Random(seed)
        self.say = say or (lambda line: None)
        self.report = Report(jobs=jobs)
        self.frozen: dict[int, float] = {}

    def run(self) -> Report:
        house, began = self.house, time.monotonic()
        orders = self.orders()
        half = len(orders) // 2
        acknowledged = house.take_in(orders[:half])
        running = [house.start_worker("--concurrency", "2") for _ in range(self.workers)]
        acknowledged |= house.take_in(orders[half:])
        self.blow(running)
        self.calm(running)
        house.wait_until_settled(max(120, self.jobs))
        self.requeue_innocent({acknowledged[n] for n in range(len(POISON))})
        house.dismiss_the_clerk()  # PostgreSQL was killed under its connection
        acknowledged |= self.listen()
        orders += [{"n": n} for n in acknowledged if n >= len(orders)]
        for worker in running:
            house.end(worker)
        self.report.processes_left = len(house.leftovers())
        self.report.seconds = time.monotonic() - began
        self.count(orders, acknowledged)
        return self.report

    def orders(self) -> list[dict[str, Any]]:
        """Poison first, so that it meets every fault; a few freeze themselves at their very end."""
        kinds = [*POISON, *["freeze"] * max(3, self.jobs // 60), *["flaky"] * (self.jobs // 20)]
        kinds += [self.chance.choice(["polite", "deaf"]) for _ in range(self.jobs - len(kinds))]
        return [
            {
                "n": n,
                "do": kind,
                "seconds": self.chance.uniform(0.05, 0.4),
                "priority": self.chance.choice([0, 10, 20]),
                "media_type": self.chance.choice(["image/png", "video/mp4", "audio/wav"]),
            }
            for n, kind in enumerate(kinds)
        ]

    # --- faults -----------------------------------------------------------------------------
    def blow(self, running: list[Any]) -> None:
        """Until nine of ten jobs are settled, or the time is over."""
        house, began = self.house, time.monotonic()
        planned = {
            0.0: lambda: self.kill_a_slot_at_work(running), 0.1: self.broker.purge,
            0.2: lambda: self.kill_a_worker_at_work(running), 0.3: house.crash_postgres,
            0.5: self.broker.drop, 0.6: lambda: self.kill_a_worker_at_work(running),
            0.7: self.broker.purge, 0.8: house.crash_postgres,
        }  # fmt: skip
        spoke_at = began
        while (gone := max(self.settled(), (time.monotonic() - began) / self.seconds)) < 0.9:
            for moment in [m for m in planned if m <= gone]:
                happening = planned.pop(moment)
                happening()
                name = PLANNED_NAMES.get(happening.__name__)  # a kill counts itself
                if name:
                    self.report.faults[name] += 1
            self.strike(running)
            self.thaw()
            time.sleep(self.chance.uniform(*self.strike_every))
            if time.monotonic() - spoke_at > 10:
                spoke_at = time.monotonic()
                self.say(f"{gone:4.0%}  {house.states()}  {dict(self.report.faults)}")

    def settled(self) -> float:
        states = self.house.states()
        return 1 - sum(states.get(s, 0) for s in ("queued", "running")) / self.jobs

    def strike(self, running: list[Any]) -> None:
        slots = [pid for pid in self.house.slots() if pid not in self.frozen]
        dice = self.chance.random()
        at = self.chance.randrange(len(running))
        if dice < 0.04 and any(p.pid in slots for p in self.house.tree(running[at])):
            self.kill_worker(running, at)
        elif slots and dice < 0.5:
            self.kill(self.chance.choice(slots), "slot SIGKILL")
        elif slots and dice < 0.8:
            pid = self.chance.choice(slots)
            if self.signal(pid, signal.SIGSTOP):
                self.frozen[pid] = time.monotonic() + FROZEN_SECONDS
                self.report.faults["slot SIGSTOP and SIGCONT"] += 1

    # What a run must have seen does not hang on the dice: both wait until somebody is at work.
    def kill_a_slot_at_work(self, running: list[Any]) -> None:
        self.kill(self.chance.choice(self.at_work(running)), "slot SIGKILL")

    def kill_a_worker_at_work(self, running: list[Any]) -> None:
        slot = self.chance.choice(self.at_work(running))
        trees = [{p.pid for p in self.house.tree(worker)} for worker in running]
        self.kill_worker(running, next((n for n, tree in enumerate(trees) if slot in tree), 0))

    def at_work(self, running: list[Any]) -> list[int]:
        found: list[int] = []

        def somebody() -> bool:
            self.thaw()
            found[:] = [pid for pid in self.house.slots() if pid not in self.frozen]
            return bool(found)

        self.house.wait_for(somebody, 90, "a slot is at work")
        return found

    def kill_worker(self, running: list[Any], at: int) -> None:
        self.kill(running[at].pid, "worker tree SIGKILL")
        running[at].wait()
        running[at] = self.house.start_worker("--concurrency", "2")

    def kill(self, pid: int, name: str) -> None:
        if self.signal(pid, signal.SIGKILL):
            self.report.faults[name] += 1

    def signal(self, pid: int, number: int) -> bool:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def thaw(self, everybody: bool = False) -> None:
        """Wake whom we froze long enough ago, and who froze itself."""
        now = time.monotonic()
        for pid in [p for p in self.house.seen if alive(p) and p not in self.frozen]:
            if stopped(pid):
                self.frozen[pid] = now + FROZEN_SECONDS
                self.report.faults["froze at its last step"] += 1
        for pid, until in list(self.frozen.items()):
            if everybody or now > until:
                wake(pid)
                del self.frozen[pid]

    def calm(self, running: list[Any]) -> None:
        """No more faults, but those who freeze themselves are still woken."""
        deadline = time.monotonic() + 300
        while {"queued", "running"} & self.house.states().keys() and time.monotonic() < deadline:
            for worker in running:
                self.house.tree(worker)
            self.thaw()
            time.sleep(0.2)
        self.thaw(everybody=True)
        time.sleep(1)

    def listen(self) -> dict[int, str]:
        """Whether a bell is heard at the end: a row that nobody rang for is taken later than this.
        A deaf slot is replaced after a few rows, so a few are tried."""
        sent: dict[int, str] = {}
        for n in range(self.jobs, self.jobs + 20):
            sent |= self.house.take_in([{"n": n, "do": "polite", "seconds": 0.0}])
            began = time.monotonic()
            key = sent[n]
            self.house.wait_for(partial(self.house.is_done, key), 60, "done")
            if time.monotonic() - began < HEARD_WITHIN:
                self.report.deaf = False
                break
        return sent

    # --- the reckoning ----------------------------------------------------------------------
    def requeue_innocent(self, poison: set[str]) -> None:
        """Killed three times by chance is called poison too: a person looks, and says: again."""
        parked = self.house.sql("SELECT id::text FROM ml_analysis WHERE state = 'parked'")
        innocent = [key for (key,) in parked if key not in poison]
        self.report.innocent_parked_then_requeued = len(innocent)
        if innocent:
            self.house.python("-m", "tests.faults.intake", "--again", stdin="\n".join(innocent))
            self.calm([w for w in self.house.workers if w.poll() is None])

    def count(self, orders: list[dict[str, Any]], acknowledged: dict[int, str]) -> None:
        house, report = self.house, self.report
        state = dict(house.sql("SELECT id::text, state FROM ml_analysis"))
        poison = {acknowledged[n] for n in range(len(POISON))}
        well = set(acknowledged.values()) - poison
        report.lost = sum(state.get(key) != "done" for key in well) + (
            len(orders) - len(acknowledged)
        )
        report.poison_parked = sum(state.get(key) == "parked" for key in poison)
        effects = Counter(key for (key,) in house.sql("SELECT analysis::text FROM faults_effect"))
        ended = "verb IN ('analysis.finished', 'analysis.rejected')"
        events = Counter(
            key for (key,) in house.sql(f"SELECT object_id FROM audit_event WHERE {ended}")
        )
        report.double_results = sum(
            effects[key] > 1 or events[key] > 1 for key in acknowledged.values()
        )
        done = {key for key, value in state.items() if value == "done"}
        report.done_without_effect_or_event = sum(
            effects[key] < 1 or events[key] < 1 for key in done
        ) + len((effects.keys() | events.keys()) - done)
        report.wrong_findings = house.one(
            "SELECT count(*) FROM ml_analysis a WHERE "
            "(SELECT count(*) FROM ml_findingrow f WHERE f.analysis_id = a.id) "
            "<> CASE WHEN a.state = 'done' AND a.engine_version = 'pretended-1' THEN 2 ELSE 0 END "
            "AND a.engine_version IN ('', 'pretended-1')"
        )
        report.late_writes_refused = house.one("SELECT count(*) FROM jobs_refusedwrite")
        verified = house.manage("audit", "verify", check=False)
        report.audit_broken = verified.returncode
        report.audit_verified = (verified.stdout.strip() or verified.stderr.strip()).splitlines()[
            -1
        ][:100]


def stopped(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the house is torn down
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--broker", choices=KINDS, default="pgmq")
    wanted = parser.parse_args()
    house = House()
    bells = broker(wanted.broker, house)
    try:
        house.build()
        bells.start()
        house.env["BROKER_URL"] = bells.url
        print(f"seed {wanted.seed}", flush=True)
        storm = Storm(
            house, wanted.jobs, workers=wanted.workers, seconds=wanted.seconds, seed=wanted.seed,
            say=lambda line: print(line, flush=True), broker=bells,
        )  # fmt: skip
        report = storm.run()
        print(report.table())
        return 0 if report.good() else 1
    finally:
        bells.stop()
        house.tear_down()


if __name__ == "__main__":
    sys.exit(main())
