"""What one check adds to the analysis of a video: the whole analysis with the check and without,
alternating, so that other load on the machine affects both equally."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil

from bench import clip
from bench.report import Row, table
from ml.engine import registry
from ml.engine.contract import Detector, Finding

D = TypeVar("D", bound=Detector)
Took = tuple[float, float]
"""Seconds on the wall, and of CPU of all processes."""
WALL, WORK = 0, 1
Turn = tuple[Took, Took]
"""With the check, and without."""


def held(make: Callable[[], D]) -> tuple[D, float]:
    """The check, and the megabytes that it added to this process."""
    process = psutil.Process()
    before = process.memory_info().rss
    detector = make()
    return detector, round((process.memory_info().rss - before) / 2**20, 1)


def by_turns(film: Path, detector: Detector, rounds: int) -> tuple[list[Turn], Finding]:
    """Both times of each turn, and the check's finding."""
    others: list[Detector] = [d for d in registry.detectors() if d.name != detector.name]  # type: ignore[misc]
    for which in ([*others, detector], others):  # models are loaded, the sandbox is warm
        clip.analyse(film, which)
    turns = []
    for _ in range(rounds):
        wall, work, result = clip.timed(lambda: clip.analyse(film, [*others, detector]))
        turns.append(((wall, work), clip.timed(lambda: clip.analyse(film, others))[:2]))
    return turns, next(f for f in result.findings if f.detector == detector.name)


def summarise(turns: list[Turn], finding: Finding, by: int) -> dict[str, Any]:
    """By the wall, or by the work."""
    ratios = [with_it[by] / without[by] for with_it, without in turns]
    return {
        "ratio": round(statistics.median(ratios), 3),
        "ratio_best": round(min(ratios), 3),
        "ratio_worst": round(max(ratios), 3),
        "with_seconds": round(statistics.median(with_it[by] for with_it, _ in turns), 2),
        "without_seconds": round(statistics.median(without[by] for _, without in turns), 2),
        "status": str(finding.status),
        "reason": finding.reason,
    }


def row(what: str, found: dict[str, Any], most: float, command: str) -> Row:
    """The ratio of `found`, as a line of the table."""
    return Row(
        what,
        f"{found['ratio']:.2f} x ({found['ratio_best']:.2f} to {found['ratio_worst']:.2f})",
        f"<= {most} x",
        found["ratio"] <= most,
        command,
    )


def main(
    doc: str | None,
    measure: Callable[[float, int], dict[str, Any]],
    rows: Callable[[dict[str, Any]], list[Row]],
) -> None:
    """The command of a bench that has no options of its own."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.seconds, options.rounds)
    print(json.dumps(found, indent=2) if options.json else table(rows(found)))
