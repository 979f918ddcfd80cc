"""How many events of the audit record are verified a second: everything, by two
processes, and only what is new.

    PYTHONPATH=platform:. python bench/audit_verify.py [--events 20000] [--new 1000] [--json]

Uses a database of its own. Events are recorded and signed as in the product, 200 at a time; then
`manage.py audit verify` runs as an operator runs it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from bench.report import Row, table  # noqa: E402
from tests.faults.house import House  # noqa: E402

COMMAND = "python bench/audit_verify.py"
WRITE = """
import sys, uuid
import django
django.setup()
from django.db import transaction
from audit.sealer import seal
from audit.services import record
from audit.verbs import Verb
from audit.who import SYSTEM
count, chains = int(sys.argv[1]), 500
for start in range(0, count, 200):
    with transaction.atomic():
        for n in range(start, min(start + 200, count)):
            chain = uuid.UUID(int=n % chains + 1)
            record(chain=chain, verb=Verb.MEDIA_VIEWED, who=SYSTEM, object_type="submission",
                   object_id=str(chain), object_sha256="ab" * 32, data={"n": n})
    seal()
"""


def run(house: House, *arguments: str) -> tuple[float, dict[str, Any]]:
    began = time.monotonic()
    done = house.manage("audit", "verify", "--json", *arguments)
    return time.monotonic() - began, json.loads(done.stdout)


def write(house: House, count: int) -> None:
    house.python("-c", WRITE, str(count))


def measure(events: int, new: int) -> dict[str, Any]:
    house = House()
    try:
        house.build()
        # An empty record: what starting the command takes. The first start reads cold files.
        start = min(run(house)[0] for _ in range(3))
        write(house, events)
        whole, report = run(house)
        at_once, again = run(house, "--jobs", "2")
        write(house, new)
        since, later = run(house, "--new")
    finally:
        house.tear_down()
    assert report == again
    assert report["ok"] and later["ok"] and later["verified_before"] == report["sealed"]
    return {
        "events": report["events"], "new": later["events"], "start": start,
        "whole": whole, "since": since, "at_once": at_once, "load": os.getloadavg()[0],
        "per_second": report["events"] / max(whole - start, 0.001),
    }  # fmt: skip


def rows(found: dict[str, Any]) -> list[Row]:
    rate = found["per_second"]
    share = (found["since"] - found["start"]) / max(found["whole"] - found["start"], 0.001)
    return [
        Row(f"events verified a second, of {found['events']}", f"{rate:.0f}", ">= 3000",
            rate >= 3000, COMMAND),
        Row(f"time for {found['new']} new events against all, without starting",
            f"{share:.2f} ({found['since']:.1f} s against {found['whole']:.1f} s, of which "
            f"{found['start']:.1f} s start)", "<= 0.7", share <= 0.7, COMMAND),
        Row(f"time of two processes (--jobs 2) against one, for {found['events']} events (load "
            f"{found['load']:.1f})",
            f"{found['at_once'] / found['whole']:.2f} ({found['at_once']:.1f} s against "
            f"{found['whole']:.1f} s)", "", None, COMMAND),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--new", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.events, options.new)
    print(json.dumps(found, indent=2) if options.json else table(rows(found)))


if __name__ == "__main__":
    main()
