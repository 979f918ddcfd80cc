"""Measures what each test costs: processor seconds of this process, its children and the database.

    pytest tests/review -p tests.costs     # writes one line a test into .touchstone/costs/
    python -m tests.costs                  # ranks rooms, files and tests, and empties the folder
    python -m tests.costs --rows 0         # only the sum, and who is dear and not marked slow

Seconds by the clock tell what a machine was busy with besides; processor seconds compare two
commits on a loaded one. A test whose clock runs far ahead of its processor waits. The database is
counted where one process runs: `-n 2` shares it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("TEST_COSTS", ROOT / ".touchstone" / "costs"))
Phase = Generator[None, object, object]
SLOW = 5.0
"""Processor seconds. A test above them bears the mark `slow` and runs in `make test-long`."""


def postmaster() -> int | None:
    from local.postgres import of_tests

    if os.environ.get("PYTEST_XDIST_WORKER"):
        return None
    try:
        return int((of_tests().data / "postmaster.pid").read_text().split()[0])
    except OSError:
        return None


def of_database(server: int | None) -> float:
    """What it and its processes used, those that ended too."""
    if server is None:
        return 0.0
    backends = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return of_process(server, ended=True) + sum(of_process(int(one)) for one in backends)


def of_process(pid: int, ended: bool = False) -> float:
    """Read from /proc at each phase of each test, so without psutil, which walks all processes."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0.0
    return sum(map(int, fields[11 : 15 if ended else 13])) / os.sysconf("SC_CLK_TCK")


class Costs:
    def __init__(self, server: int | None) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.file = (FOLDER / f"{os.getpid()}.jsonl").open("a")
        self.server = server
        self.started = self.now()

    def now(self) -> tuple[float, float, float, float]:
        used = os.times()
        return (
            time.monotonic(),
            used.user + used.system,
            used.children_user + used.children_system,
            of_database(self.server),
        )

    def write(
        self, test: str, phase: str, since: tuple[float, float, float, float], slow: bool = False
    ) -> None:
        clock, own, children, database = (
            round(new - old, 3) for new, old in zip(self.now(), since, strict=True)
        )
        line = {"test": test, "phase": phase, "clock": clock, "own": own, "children": children,
                "database": max(database, 0), "slow": slow}  # fmt: skip
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        self.write("collection", "setup", self.started)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Phase:
        return (yield from self._around(item, "setup"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Phase:
        return (yield from self._around(item, "call"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Phase:
        return (yield from self._around(item, "teardown"))

    def _around(self, item: pytest.Item, phase: str) -> Phase:
        since = self.now()
        try:
            return (yield)
        finally:
            slow = item.get_closest_marker("slow") is not None
            self.write(item.nodeid, phase, since, slow)


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None):
        config.pluginmanager.register(Costs(postmaster()), "costs")


def room(test: str) -> str:
    return "/".join(test.split("/")[:2])


def file_of(test: str) -> str:
    return test.split("::")[0]


def seconds(line: dict[str, Any]) -> float:
    return float(line["own"] + line["children"] + line["database"])


def table(lines: list[dict[str, Any]], name: Callable[[str], str], rows: int) -> None:
    sums: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for line in lines:
        at = sums[name(line["test"])]
        used = seconds(line)
        at["all"] += used
        at[line["phase"]] += used
        at["tests"] += line["phase"] == "call"
        for key in ("own", "children", "database", "clock"):
            at[key] += line[key]
    columns = ("all", "setup", "call", "teardown", "own", "children", "database", "clock")
    print("".join(f"{column:>9}" for column in (*columns, "tests")))
    ranked = sorted(sums.items(), key=lambda pair: -pair[1]["all"])
    for what, at in ranked[:rows]:
        print("".join(f"{at[c]:9.1f}" for c in columns) + f"{at['tests']:9.0f}  {what}")
    print()


def unmarked(lines: list[dict[str, Any]]) -> dict[str, float]:
    """Tests above SLOW that are not marked so. What prepares a whole file is no test's own, so only
    their calls count."""
    found = {
        line["test"]: round(seconds(line), 1)
        for line in lines
        if line["phase"] == "call" and not line.get("slow") and seconds(line) > SLOW
    }
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--keep", action="store_true", help="do not empty the folder")
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    for name in (room, file_of, str) if options.rows else ():
        table(lines, name, options.rows)
    print(f"{sum(map(seconds, lines)):.0f} processor seconds")
    for test, used in unmarked(lines).items():
        print(f"{used:6.1f} s, not marked slow: {test}")
    if not options.keep:
        for file in files:
            file.unlink()


if __name__ == "__main__":
    main()
