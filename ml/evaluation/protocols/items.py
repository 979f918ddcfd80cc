"""A row a file: enough to compute every figure of a report again."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from ml.evaluation.protocols.measuring import Examinee, Row
from ml.evaluation.records import Record
from ml.evaluation.running import Task

FACTS = (
    "path", "sha256", "label", "source", "method", "group", "hard", "laundered", "outcome", "error",
)  # fmt: skip


def write(
    path: Path,
    tasks: Sequence[Task],
    rows: Sequence[Row],
    found: Sequence[Record],
    people: Sequence[Examinee],
) -> None:
    """Of our checks the place among the files of this run, which is what ranks them, and the
    logarithm of the ratio, which can be held against another run's."""
    with_ratio = [one for one in people if one.ratios is not None]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        names = [*(one.name for one in people), *(f"{one.name}, log10_lr" for one in with_ratio)]
        writer.writerow([*FACTS, *names])
        for number, (task, row, record) in enumerate(zip(tasks, rows, found, strict=True)):
            scores = [person.against(row.method)[number] for person in people]
            scores += [one.ratios[number] for one in with_ratio if one.ratios is not None]
            facts = (
                task.case.name, record.sha256, "fake" if row.fake else "real", row.source,
                row.method, row.group, row.hard, row.laundered, record.outcome,
                record.error or record.rejection or "",
            )  # fmt: skip
            writer.writerow([*facts, *("" if s != s else f"{s:.6g}" for s in scores)])
