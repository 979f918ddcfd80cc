"""Prints the results from the scores of `score.py`, or of `films.py`: bounds from one file, figures
from another.

python -m lab.synthetic_image.report val.csv test.csv
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from lab.common import heads
from ml.engine.detectors.synthetic_image import films
from ml.engine.detectors.synthetic_image.crops import score_of_every
from ml.evaluation import pages

ALPHA = 0.02
"""The share of genuine validation pictures above the bound, with equal weight for every source and
hard row."""
FEWEST = 20
"""A row of fewer pictures cannot say of itself how many of it lie above the bound."""
FACES = ("ffhq", "lfw", "utkface", "dfdc")


@dataclass(frozen=True)
class Scored:
    row: str
    source: str
    fake: bool
    name: str
    moments: tuple[tuple[float, ...], ...]
    """The logits of every crop; of a picture there is one moment, and none where it is unfit."""

    @property
    def score(self) -> float:
        return films.score([score_of_every(logits) for logits in self.moments])


def read(file: Path) -> list[Scored]:
    with file.open() as opened:
        return [
            Scored(
                row["row"], row["source"], row["fake"] == "1", row["name"],
                () if row.get("unfit") else moments_of(row["logits"]),
            )
            for row in csv.DictReader(opened)
        ]  # fmt: skip


def moments_of(written: str) -> tuple[tuple[float, ...], ...]:
    each = (tuple(float(logit) for logit in one.split()) for one in written.split(";"))
    return tuple(logits for logits in each if logits)


def judged(items: Iterable[Scored]) -> list[Scored]:
    return [item for item in items if item.moments]


def bound(genuine: Sequence[Scored], alpha: float = ALPHA) -> float:
    """The score that `alpha` of the genuine pictures reach when every row counts alike, or a higher
    one where too many of any row would reach it."""
    scores = np.array([item.score for item in genuine])
    return heads.bound(np.array([item.row for item in genuine]), scores, alpha, fewest=FEWEST)


def by_row(items: Iterable[Scored]) -> dict[str, list[Scored]]:
    rows: dict[str, list[Scored]] = {}
    for item in items:
        rows.setdefault(item.row, []).append(item)
    return rows


def auc(fakes: Sequence[Scored], reals: Sequence[Scored]) -> float:
    if not fakes or not reals:
        return float("nan")
    labels = [1] * len(fakes) + [0] * len(reals)
    return float(roc_auc_score(labels, [item.score for item in [*fakes, *reals]]))


def figures(val: Sequence[Scored], test: Sequence[Scored], alpha: float) -> dict[str, Any]:
    """What `main` prints and the card holds."""
    found_at = bound(judged(item for item in val if not item.fake), alpha)
    reals = judged(item for item in test if not item.fake and not item.row.startswith("hard"))
    faces = [item for item in reals if item.row in FACES]
    scenes = [item for item in reals if item.row not in (*FACES, "film frames")]
    fakes = by_row(item for item in test if item.fake)
    fakes.update(by_generator(fakes.get("comfy pictures", [])))
    return {
        "found_at": round(found_at, 4),
        "genuine": {
            name: _counted(row, found_at)
            for name, row in by_row(item for item in test if not item.fake).items()
        },
        "generated": {
            name: {
                **_counted(row, found_at),
                "auc_against_photographs": _rounded(auc(judged(row), scenes)),
                "auc_against_faces": _rounded(auc(judged(row), faces)),
            }
            for name, row in fakes.items()
        },
    }


def _counted(row: Sequence[Scored], found_at: float) -> dict[str, Any]:
    """Shares are of all pictures of the row, judged or not."""
    kept = judged(row)
    return {
        "pictures": len(row),
        "not_judged": _rounded(1 - len(kept) / len(row)),
        "found": _rounded(sum(item.score >= found_at for item in kept) / len(row)),
        "median_logit": _rounded(float(np.median([i.score for i in kept]))) if kept else None,
    }


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 3)


def table(report: dict[str, Any]) -> str:
    lines = [
        f"Bound, set on genuine pictures of the validation split: {report['found_at']}.",
        "",
        "| genuine | pictures | not judged | false alarms | median logit |",
        "|---|---|---|---|---|",
        *(f"| {name} | {_cells(row)} |" for name, row in report["genuine"].items()),
        "",
        "| generated | pictures | not judged | found | median logit | AUC against photographs "
        "| AUC against faces |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {name} | {_cells(row)} | {row['auc_against_photographs']} "
            f"| {row['auc_against_faces']} |"
            for name, row in report["generated"].items()
        ),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("val", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--alpha", type=float, default=ALPHA)
    parser.add_argument("--write", type=Path, help="a text with marks for it")
    parser.add_argument("--mark", default="rows", help="which marks: `rows`, `films`")
    options = parser.parse_args()
    text = table(figures(read(options.val), read(options.test), options.alpha))
    if options.write is None:
        print(text)
    else:
        pages.written(options.write, options.mark, text)


def _cells(row: dict[str, Any]) -> str:
    shares = f"{100 * row['not_judged']:.1f} % | {100 * row['found']:.1f} %"
    return f"{row['pictures']} | {shares} | {row['median_logit']}"


def by_generator(items: Iterable[Scored]) -> dict[str, list[Scored]]:
    rows: dict[str, list[Scored]] = {}
    for item in items:
        rows.setdefault(f"- {item.source}", []).append(item)
    return rows


if __name__ == "__main__":
    main()
