"""A protocol's run: gather, examine, ask the opponents, measure, write down."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ml.engine.contract import Kind
from ml.evaluation import data_folders, looks, records, running
from ml.evaluation.evaluating import Watch, unwatched
from ml.evaluation.protocols import (
    asking,
    changes,
    gathering,
    items,
    measuring,
    neural_codec,
    opponents,
    reading,
)
from ml.evaluation.protocols.besides import Beside
from ml.evaluation.protocols.gathering import Gathered, Item
from ml.evaluation.protocols.measuring import Examinee, Row
from ml.evaluation.records import Record
from ml.evaluation.running import Task
from ml.evaluation.scoring import FUSED, RATIO, Evaluation

HARD_ITEMS = 20
"""Genuine files of each hard row, by default."""
LAUNDERED_ITEMS = 12
"""Files of each generator and of each genuine source that go through every laundering."""
FEWEST = 5
"""A generator with fewer files is not laundered: no figure could be computed for it."""
VERDICT = "verdict"


@dataclass(frozen=True)
class Plan:
    """What a run does."""

    protocol: str
    roots: Sequence[Path]
    sample: int = 0
    hard: int = HARD_ITEMS
    laundered: int = LAUNDERED_ITEMS
    besides: Sequence[str] = ()
    with_opponents: bool = True
    names: Sequence[str] | None = None
    jobs: int = 1
    by: str | None = None
    cache: Path | None = None
    out: Path | None = None


@dataclass(frozen=True)
class Made:
    """A task of the run, with the row of figures that it belongs to."""

    task: Task
    row: Row


def evaluate(plan: Plan, watch: Watch = unwatched) -> dict[str, Any]:
    """All figures as plain JSON. Raises ProtocolRefused, BesideRefused or UnknownDetector before
    it begins."""
    began = time.perf_counter()
    running.check(plan.names)
    protocol = reading.read(plan.protocol)
    gathered = gathering.gather(protocol, plan.roots, sample=plan.sample)
    besides = [Beside(name) for name in plan.besides]
    try:
        detectors = running.chosen(plan.names)
        version = records.version(detectors)
        folder = plan.cache or data_folders.cache() / "evaluations"
        kept = records.Kept(folder, version)
        run = partial(running.run, kept=kept, names=plan.names, jobs=plan.jobs)
        plain = [Made(item.task, row_of(item)) for item in gathered.report]
        with watch("Examining", len(plain)) as done:
            found = run([made.task for made in plain], done=done)
        more = further(gathered.report, found, plan)
        with watch("Hard rows and laundering", len(more)) as done:
            after = run([made.task for made in more], done=done)
        made, after = [*plain, *more], [*found, *after]
        names = [detector.name for detector in detectors]
        report = _measured(plan, gathered, made, after, names, besides, folder, watch)
    finally:
        for beside in besides:
            beside.close()
    report = {
        "protocol": protocol.name,
        "title": protocol.title,
        "about": protocol.about,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "engine_version": version,
        "sample": plan.sample,
        "sets": [one.as_json() for one in gathered.sets],
        "warnings": _warnings(gathered),
        "errors": records.without_result((one.task.case.name for one in made), after),
        "files": _files_digest(found),
        **report,
        "seconds": round(time.perf_counter() - began, 1),
    }
    looks.add(folder, _looks(report, gathered), plan.by)
    if plan.out:
        plan.out.mkdir(parents=True, exist_ok=True)
        (plan.out / "protocol.json").write_text(json.dumps(report, indent=1) + "\n")
    return report


def row_of(item: Item, **changed: Any) -> Row:
    case = item.case
    return Row(case.fake, case.source, case.method, case.group, item.of.matched, **changed)


# === Hard rows and laundering ===


def further(files: Sequence[Item], found: Sequence[Record], plan: Plan) -> list[Made]:
    """The same files after changes: genuine ones as hard rows, both classes laundered."""
    kinds = [record.kind for record in found]
    codec = neural_codec.change(plan.roots) if Kind.AUDIO in kinds else None
    made: list[Made] = []
    names = dict.fromkeys(name for kind in kinds for name, _ in changes.hard_rows(kind, codec))
    for name in names:
        keys = [_hard_key(item, name) for item in files]
        for number in _turns(keys, plan.hard):
            rows = dict(changes.hard_rows(kinds[number], codec))
            if name in rows:
                item = files[number]
                change = rows[name](changes.number_of(item.case.name))
                made.append(_made(item, change, number, hard=name))
    for way in dict.fromkeys(way for kind in kinds for way, _ in changes.launderings(kind)):
        for number in _each(files, plan.laundered):
            ways = dict(changes.launderings(kinds[number]))
            if way in ways:
                made.append(_made(files[number], ways[way], number, laundered=way))
    return made


def _made(item: Item, change: running.Change, number: int, **row: str) -> Made:
    task = Task(item.case, changes.after(item.before, change))
    return Made(task, row_of(item, of=number, **row))


def _hard_key(item: Item, name: str) -> str | None:
    """Which source a genuine file counts to; None where the row does not take it."""
    if item.case.fake or (name == changes.PROFESSIONAL and not item.of.professional):
        return None
    return item.case.source


def _turns(keys: Sequence[str | None], most: int) -> list[int]:
    """At most so many positions, sources in turn."""
    rows: dict[str, list[int]] = {}
    for number, key in enumerate(keys):
        if key is not None:
            rows.setdefault(key, []).append(number)
    longest = max(map(len, rows.values()), default=0)
    return [row[turn] for turn in range(longest) for row in rows.values() if turn < len(row)][:most]


def _each(files: Sequence[Item], most: int) -> list[int]:
    """The first so many of each genuine source, and of each generator with enough files."""
    rows: dict[tuple[bool, str], list[int]] = {}
    for number, item in enumerate(files):
        key = item.case.fake, item.case.method if item.case.fake else item.case.source
        rows.setdefault(key, []).append(number)
    limited = [row[:most] for (fake, _), row in rows.items() if not fake or len(row) >= FEWEST]
    return sorted(number for row in limited for number in row)


# === Who is measured ===


def _measured(
    plan: Plan, gathered: Gathered, made: Sequence[Made], found: Sequence[Record],
    names: Sequence[str], besides: Sequence[Beside], folder: Path, watch: Watch,
) -> dict[str, Any]:  # fmt: skip
    rows = [one.row for one in made]
    evaluation = Evaluation([one.task.case for one in made], found, names)
    examinees = list(_of_engine(evaluation))
    problems: list[str] = []
    if plan.with_opponents:
        against, problems = _opponents(gathered, made, found, folder, watch)
        examinees += against
    for beside in besides:
        with watch(beside.name, len(made)) as done:
            examinees.append(asking.predict_each(beside, [one.task for one in made], done))
    if plan.out:
        plan.out.mkdir(parents=True, exist_ok=True)
        items.write(plan.out / "items.csv", [one.task for one in made], rows, found, examinees)
    return {
        "rows": {"examined": len(rows), "plain": sum(row.plain for row in rows)},
        "not_run": problems,
        "examinees": {one.name: measuring.measured(rows, one) for one in examinees},
    }


def _of_engine(evaluation: Evaluation) -> Iterator[Examinee]:
    """The verdict, and each check that gave at least one score."""
    for name in (FUSED, *evaluation.names):
        column = evaluation.columns[name]
        if name != FUSED and not column.scored.any():
            continue
        failed = np.array([_failed(record, name) for record in evaluation.records], bool)
        yield Examinee(
            name=VERDICT if name == FUSED else name,
            scores=column.order,
            failed=failed,
            flagged=list(column.flagged),
            outcomes=list(column.decided),
            ratios=column.scores if column.scale == RATIO else None,
            note="the engine as it is served" if name == FUSED else "one check, as if alone",
        )


def _failed(record: Record, name: str) -> bool:
    if not record.has_result:
        return True
    answer = record.answers.get(name)
    return answer is not None and answer.status == "failed"


def _opponents(
    gathered: Gathered, made: Sequence[Made], found: Sequence[Record], folder: Path, watch: Watch
) -> tuple[list[Examinee], list[str]]:
    examinees: list[Examinee] = []
    here, problems = opponents.offered()
    methods = sorted({one.row.method for one in made if one.row.fake})
    fit_tasks = [item.task for item in gathered.fit]
    kinds = [*(None for _ in fit_tasks), *(record.kind for record in found)]
    known = [*(None for _ in fit_tasks), *found]
    for opponent in here if gathered.fit else []:
        tasks = [*fit_tasks, *(one.task for one in made)]
        with watch(opponent.name, len(tasks)) as done:
            seen = opponents.compute(opponent, tasks, kinds, known, folder, done)
        learnt = opponents.Learnt.of(gathered.fit, seen[: len(fit_tasks)])
        ran = list(opponents.examinees(opponent, learnt, seen[len(fit_tasks) :], methods))
        if not ran:
            problems.append(f"{opponent.name}: too few files of other splits to learn from.")
        examinees += ran
    if not gathered.fit:
        problems.append("No opponent was fitted: the protocol's sets have no other split here.")
    return examinees, problems


# === What is reported next to the figures ===


def _warnings(gathered: Gathered) -> list[str]:
    sentences = []
    for one in gathered.sets:
        if not one.here:
            sentences.append(f"{one.of.name} is not here.")
        elif one.as_promised is False:
            sentences.append(
                f"{one.of.name} has other files than the protocol names (list of files)."
            )
        elif one.as_promised is None:
            sentences.append(
                f"{one.of.name}: the protocol names no list of files to hold it against."
            )
        if one.missing:
            sentences.append(f"{one.of.name}: {one.missing} files of its table are not here.")
    return sentences


def _files_digest(found: Sequence[Record]) -> str:
    """SHA-256 over the sorted digests of the files that were reported: whether two runs measured
    the same bytes."""
    lines = sorted(f"{record.sha256}\n" for record in found)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _looks(report: dict[str, Any], gathered: Gathered) -> Iterator[dict[str, Any]]:
    for one in gathered.sets:
        if one.reported:
            yield {
                "made": report["made"],
                "manifest": f"{report['protocol']}/{one.of.name}",
                "split": "+".join(one.of.report) or None,
                "engine_version": report["engine_version"],
                "items": one.reported,
            }
