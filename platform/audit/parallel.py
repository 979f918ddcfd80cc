"""Verifies the live record with several processes, each on ranges of its own.

All of them read one snapshot. This only speeds up the verification of an intact record: any finding
ends the attempt, and the caller verifies everything in one run, so that a report with findings
always comes from that run.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from django.db import connection

from . import apart, exporting, notes
from .outside import Outside
from .ranges import Part, Range, RangeVerifier, cut, join
from .reporting import Report
from .verifier import Verifier

RANGES_A_JOB = 4
"""More ranges than processes: none waits long for the last one."""
Task = tuple[Range, str]
Spread = Callable[[int, Iterable[Task]], "contextlib.AbstractContextManager[Iterable[Part | None]]"]
OnProgress = Callable[[int, int], None]


def verify(
    trusted: list[notes.PublicKey],
    outside: Outside,
    jobs: int,
    on_progress: OnProgress = lambda done, of: None,
    spread: Spread | None = None,
) -> Report | None:
    """None: something is not as it should be, or there is nothing to divide."""
    whole = Verifier(trusted, outside)
    with exporting.one_snapshot(), tempfile.TemporaryDirectory(prefix="touchstone-") as folder:
        whole.take(exporting.before_events())
        ranges = cut(whole, jobs * RANGES_A_JOB)
        if whole.report.problem_count or len(ranges) < 2:
            return None
        files = [str(Path(folder, str(number))) for number in range(len(ranges))]
        with (spread or processes)(jobs, list(zip(ranges, files, strict=True))) as parts:
            for number, part in enumerate(parts):
                if part is None or not join(whole, part, files[number]):
                    return None
                Path(files[number]).unlink()
                on_progress(number + 1, len(ranges))
        whole.take(exporting.after_events())
        found = whole.report
        whole.take([{"t": "end", "events": found.events, "checkpoints": found.checkpoints,
                     "rows": found.rows}])  # fmt: skip
        report = whole.finish()
    return report if report.ok else None


def examine(task: Task) -> Part | None:
    wanted, file = task
    return RangeVerifier(wanted, file).part(exporting.events_between(wanted.start, wanted.stop))


@contextlib.contextmanager
def processes(jobs: int, tasks: Iterable[Task]) -> Iterator[Iterable[Part | None]]:
    """New ones, not forked: a connection is not shared."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = str(cursor.fetchone()[0])
    pool = ProcessPoolExecutor(
        jobs,
        multiprocessing.get_context("spawn"),
        apart.begin,
        (connection.settings_dict, snapshot),
    )
    try:
        yield pool.map(apart.examine, tasks)
    finally:
        pool.shutdown(cancel_futures=True)
