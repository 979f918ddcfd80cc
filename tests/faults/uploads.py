"""Uploads while web, worker and database are killed in turn.

    python -m tests.faults.uploads --uploads 2000        # the long form: `make faults`

Several senders post pictures over REST, each with an Idempotency-Key that they repeat until they
are answered 202. Meanwhile one part after another is killed with SIGKILL and started again. What
was promised is counted afterwards in the database and on the disk: every 2xx has its row, its blob
with the right bytes, its event and, in the end, its result; and no key was ever done twice.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import itertools
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests
from PIL import Image

from tests.faults.doorway import Doorway
from tests.faults.house import House

FAST = {"FAULTS_GLANCE": "1", "API_WRITE_RATE": "1000000/min", "IDEMPOTENCY_BUSY_SECONDS": "3"}
SENDERS = 8
PATIENCE_SECONDS = 600


@dataclass
class Report:
    uploads: int = 0
    seconds: float = 0.0
    told_2xx: int = 0
    never_answered: int = 0
    without_row: int = 0
    without_blob: int = 0
    wrong_bytes: int = 0
    without_event: int = 0
    without_result: int = 0
    rows_twice_for_a_key: int = 0
    rows_nobody_was_told_of: int = 0
    rows_without_bytes: int = 0
    audit_broken: int = 0
    audit_said: str = ""
    answers: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def table(self) -> str:
        rows: list[tuple[str, Any]] = [
            ("uploads", self.uploads),
            ("seconds", f"{self.seconds:.0f}"),
            *((f"killed: {name}", count) for name, count in sorted(self.faults.items())),
            *((f"answered: {name}", count) for name, count in sorted(self.answers.items())),
            ("acknowledged with 2xx", self.told_2xx),
            ("never acknowledged", self.never_answered),
            ("2xx without its row", self.without_row),
            ("2xx without its blob", self.without_blob),
            ("2xx with other bytes", self.wrong_bytes),
            ("2xx without its event", self.without_event),
            ("2xx without a result in the end", self.without_result),
            ("keys done twice", self.rows_twice_for_a_key),
            ("rows that nobody was told of", self.rows_nobody_was_told_of),
            ("rows without their bytes", self.rows_without_bytes),
            ("audit record", self.audit_said),
        ]
        return "\n".join(f"{name:<38}{value}" for name, value in rows)

    def kept(self) -> bool:
        bad = (self.never_answered, self.without_row, self.without_blob, self.wrong_bytes,
               self.without_event, self.without_result, self.rows_twice_for_a_key,
               self.rows_nobody_was_told_of, self.rows_without_bytes,
               self.audit_broken)  # fmt: skip
        return not any(bad) and self.told_2xx == self.uploads


@dataclass(frozen=True)
class Acknowledged:
    """A 2xx, as the sender keeps it."""

    key: str
    submission: str
    sha256: str


class Uploads:
    def __init__(
        self,
        house: House,
        uploads: int,
        *,
        seed: int,
        strikes: int,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.house, self.uploads, self.say = house, uploads, say
        self.chance, self.strikes = random.Random(seed), strikes
        self.report = Report(uploads=uploads)
        self.counting = threading.Lock()
        self.acknowledged: list[Acknowledged] = []
        house.env |= FAST
        self.door = Doorway(house)
        self.worker: Any = None

    def run(self) -> Report:
        house, began = self.house, time.monotonic()
        secret = house.python("-m", "tests.faults.partner").stdout.strip()
        self.header = {"Authorization": f"Bearer {secret}"}
        try:
            self.door.open()
            self.worker = house.start_worker("--concurrency", "1")
            self.door.wait_until_open()
            self.send_all()
            house.wait_until_settled(600)
            self.count()
        finally:
            self.door.kill()
            if self.worker:
                house.end(self.worker)
        self.report.seconds = time.monotonic() - began
        return self.report

    # --- senders ----------------------------------------------------------------------------
    def send_all(self) -> None:
        done = threading.Event()
        with ThreadPoolExecutor(SENDERS + 1) as pool:
            striking = pool.submit(self.strike_until, done)
            for _ in pool.map(self.send, range(self.uploads)):
                pass
            done.set()
            striking.result()

    def send(self, number: int) -> None:
        content, key = picture(number), f"upload-{number}"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = requests.post(
                    f"{self.door.url}/api/v1/submissions/",
                    headers={**self.header, "Idempotency-Key": key},
                    files={"file": (f"{number}.png", content, "image/png")},
                    timeout=60,
                )
            except requests.RequestException:
                self.note("no answer")
                time.sleep(0.3)
                continue
            self.note(str(answer.status_code))
            if answer.ok:
                sha256 = hashlib.sha256(content).hexdigest()
                with self.counting:
                    self.acknowledged.append(Acknowledged(key, answer.json()["id"], sha256))
                return
            time.sleep(0.3)

    def note(self, answer: str) -> None:
        with self.counting:
            self.report.answers[answer] += 1

    # --- faults -----------------------------------------------------------------------------
    def strike_until(self, done: threading.Event) -> None:
        """In turn, so that each kind falls as often as any other, and by progress, not by the
        clock: a slow machine gets time to come back, and as much falls on it as on a quick one."""
        kinds = itertools.cycle([self.one_web_process, self.one_worker, self.database, self.web])
        for number, strike in zip(range(self.strikes), kinds, strict=False):
            while len(self.acknowledged) < self.uploads * (number + 0.5) / self.strikes:
                if done.wait(0.05):
                    return
            time.sleep(self.chance.random() / 5)
            strike()
            name = strike.__name__.replace("_", " ")
            self.report.faults[name] += 1
            self.say(f"{len(self.acknowledged):5} of {self.uploads}: killed {name}")

    def one_web_process(self) -> None:
        if slots := self.door.slots():
            os.kill(self.chance.choice(slots), signal.SIGKILL)

    def web(self) -> None:
        self.door.kill()
        self.door.open()

    def one_worker(self) -> None:
        self.house.end(self.worker, signal.SIGKILL)
        self.house.workers.remove(self.worker)
        self.worker = self.house.start_worker("--concurrency", "1")

    def database(self) -> None:
        self.house.crash_postgres()

    # --- the reckoning ----------------------------------------------------------------------
    def count(self) -> None:
        report, sql, stored = self.report, self.house.sql, self.stored()
        report.told_2xx = len(self.acknowledged)
        report.never_answered = self.uploads - len(self.acknowledged)
        rows = {pk: (blob, state) for pk, blob, state in sql(
            "SELECT s.id::text, s.blob_id, a.state FROM submissions_submission s "
            "JOIN ml_analysis a ON a.id = s.analysis_id JOIN blobs_blob b ON b.sha256 = s.blob_id"
        )}  # fmt: skip
        events = {pk for (pk,) in sql(
            "SELECT object_id FROM audit_event WHERE verb = 'submission.received'"
        )}  # fmt: skip
        for one in self.acknowledged:
            blob, state = rows.get(one.submission, ("", ""))
            report.without_row += not blob
            report.wrong_bytes += bool(blob) and blob != one.sha256
            report.without_blob += stored.get(one.sha256) != one.sha256
            report.without_event += one.submission not in events
            report.without_result += state != "done"
        keys = dict(sql("SELECT key, submission_id::text FROM partners_idempotentrequest"))
        report.rows_twice_for_a_key = len(rows) - len(
            {blob for blob, _ in rows.values()}
        )  # each key has bytes of its own
        report.rows_nobody_was_told_of = len(
            rows.keys() - {one.submission for one in self.acknowledged}
        )
        report.rows_nobody_was_told_of += sum(
            keys.get(t.key) != t.submission for t in self.acknowledged
        )
        report.rows_without_bytes = sum(stored.get(blob) != blob for blob, _ in rows.values())
        verified = self.house.manage("audit", "verify", check=False)
        report.audit_broken = verified.returncode
        output = verified.stdout.strip() or verified.stderr.strip()
        report.audit_said = output.splitlines()[-1][:100]

    def stored(self) -> dict[str, str]:
        """What lies in the store: its name, and the fingerprint of its bytes."""
        files = (path for path in (self.house.home / "blobs").rglob("*") if path.is_file())
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def picture(number: int) -> bytes:
    """Small, real, and different for every number."""
    out = io.BytesIO()
    Image.frombytes("RGB", (8, 8), random.Random(number).randbytes(192)).save(out, "PNG")
    return out.getvalue()


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the house is torn down
    parser = argparse.ArgumentParser()
    parser.add_argument("--uploads", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--strikes", type=int, default=48)
    wanted = parser.parse_args()
    house = House()
    try:
        house.build()
        print(f"seed {wanted.seed}", flush=True)
        uploads = Uploads(
            house, wanted.uploads, seed=wanted.seed, strikes=wanted.strikes,
            say=lambda line: print(line, flush=True),
        )  # fmt: skip
        report = uploads.run()
        print(report.table())
        return 0 if report.kept() else 1
    finally:
        house.tear_down()


if __name__ == "__main__":
    sys.exit(main())
