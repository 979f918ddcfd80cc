"""Runs every bench, one after another, and prints one table of ratios.

python -m bench            print the table
python -m bench --write    also write it into the README
python -m bench --write bench/load.py bench/memory.py     run only these; other rows stay
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.report import README, Row, table, write

ROOT = README.parent
Json = dict[str, Any]


def audit_rate(found: Json, command: str) -> Iterator[Row]:
    goal = found["target"]
    for part, what in (("with_work", "with 5 ms of work after it"), ("bare", "insert alone")):
        ratio, low, high = (found[part][k] for k in ("ratio", "lowest_ratio", "highest_ratio"))
        yield Row(
            f"audit-chained insert rate against plain, {what}",
            f"{ratio:.0%} ({low:.0%} to {high:.0%})",
            f">= {goal:.0%}",
            ratio >= goal,
            command,
        )


def sandbox_cost(found: Json, command: str) -> Iterator[Row]:
    for part, what in (("photo", "a 1600 x 1200 photograph"), ("clip", "a 5 s clip")):
        cost = found[part]
        yield Row(
            f"sandbox cost of {what} against the same decode in process, median",
            f"{cost['cost_ms_median']:.1f} ms (p95 {cost['cost_ms_p95']:.1f})",
            "<= 30 ms",
            cost["cost_ms_median"] <= 30,
            command,
        )


def its_own(found: Json, command: str) -> Iterator[Row]:
    """The rows that the bench would print by itself."""
    name = Path(command.split()[1]).stem
    yield from importlib.import_module(f"bench.{name}").rows(found)


BENCHES: dict[str, Callable[[Json, str], Iterator[Row]]] = {
    "bench/sandbox_cost.py": sandbox_cost,
    "bench/clip.py": its_own,
    "bench/detectors.py": its_own,
    "bench/sync.py": its_own,
    "bench/voice.py": its_own,
    "bench/temporal.py": its_own,
    "bench/audit_rate.py": audit_rate,
    "bench/memory.py": its_own,
    "bench/verdict.py": its_own,
    "bench/load.py": its_own,
    "bench/read.py": its_own,
    "bench/fairness.py": its_own,
    "bench/history.py": its_own,
}
"""What is run, as it stands in the table."""


def run(script: str) -> Json:
    done = subprocess.run(
        [sys.executable, *script.split(), "--json"],
        cwd=ROOT,
        # One thread for matrices, as in a worker (manage.py).
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}", "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: Json = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("benches", nargs="*", metavar="BENCH", help="only these of them")
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    options = parser.parse_args()
    if unknown := set(options.benches) - set(BENCHES):
        parser.error(f"there is no {' and no '.join(sorted(unknown))}; known: {', '.join(BENCHES)}")
    rows: list[Row] = []
    for script in options.benches or BENCHES:
        print(f"{script} ...", file=sys.stderr, flush=True)
        rows += BENCHES[script](run(script), f"python {script}")
        if options.write:  # after each, so that a bench that breaks loses only itself
            write(rows, among_others=bool(options.benches))
    print(table(rows))


if __name__ == "__main__":
    main()
