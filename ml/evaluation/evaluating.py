"""The whole of an evaluation: read, examine, measure, write down."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ml.evaluation import data_folders, looks, manifest, records, robustness, running, scoring
from ml.evaluation.scoring import FUSED, Evaluation

Watch = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


def unwatched(title: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda count: None)


def evaluate(
    path: Path,
    *,
    split: str | None = None,
    names: Sequence[str] | None = None,
    jobs: int = 1,
    out: Path | None = None,
    cache: Path | None = None,
    robust: int = 0,
    by: str | None = None,
    watch: Watch = unwatched,
) -> dict[str, Any]:
    """All figures as plain JSON; with `robust`, also so many files through every change. `by` is
    who looked. Raises ManifestRefused or UnknownDetector before it begins."""
    began = time.perf_counter()
    running.check(names)
    cases = manifest.read(path, split=split)
    detectors = running.chosen(names)
    folder = cache or data_folders.cache() / "evaluations"
    version = records.version(detectors)
    kept = records.Kept(folder, version)
    run = partial(running.run, kept=kept, names=names, jobs=jobs)
    with watch("Examining", len(cases)) as done:
        found = run([running.Task(case) for case in cases], done=done)
    evaluation = Evaluation(cases, found, [d.name for d in detectors])
    report = evaluation.as_json()
    if robust:
        taken = robustness.chosen(cases, found, robust)
        tasks = robustness.tasks(cases, found, taken)
        with watch("Degrading", len(tasks)) as done:
            after = run([task for _, task in tasks], done=done)
        report["robustness"] = {
            "items": len(taken),
            **robustness.summary(evaluation, tasks, after),
        }
    report |= {
        "engine_version": version,
        "manifest": path.name,
        "split": split,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "errors": records.without_result((case.name for case in cases), found),
        "warnings": scoring.warnings(cases, found, report),
        "seconds": round(time.perf_counter() - began, 1),
    }
    _log_look(folder, report, len(cases), by)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "evaluation.json").write_text(json.dumps(report, indent=1) + "\n")
        write_items(evaluation, out / "items.csv")
        from ml.evaluation import figures  # what draws is slow to load

        figures.write(evaluation, report, out)
    return report


def _log_look(folder: Path, report: dict[str, Any], count: int, by: str | None) -> None:
    look = {key: report[key] for key in ("made", "manifest", "split", "engine_version")}
    looks.add(folder, [look | {"items": count}], by)


def write_items(evaluation: Evaluation, path: Path) -> None:
    """A row per file: what each check found in it. For looking at the worst ones by eye."""
    names = [*evaluation.names, FUSED]
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "group", "source", "method", "outcome", "error", *names])
        for number, (case, record) in enumerate(
            zip(evaluation.cases, evaluation.records, strict=True)
        ):
            scores = [evaluation.columns[name].scores[number] for name in names]
            rows.writerow(
                [
                    case.name, "fake" if case.fake else "real", case.group, case.source,
                    case.method, record.outcome, record.error or record.rejection or "",
                    *("" if score != score else f"{score:.6g}" for score in scores),
                ]
            )  # fmt: skip
