"""Writes the tables of docs/training-mouths.md about the mouth check.

    python -m lab.mouths.report ROWS [--encoder nodfdc] [--write docs/training-mouths.md]

`--encoder` names scores of a tuned image encoder on the same faces (`altered_scores`), bounded in
the same way.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lab.common.speaking import say
from lab.mouths import measure
from ml.evaluation import pages

MARKS = "mouths"


def collect(folder: Path, runs: list[str]) -> list[dict[str, Any]]:
    return [
        measure.figures(measure.read(folder, "val", run), measure.read(folder, "test", run))
        for run in runs
    ]


def table(found: list[dict[str, Any]], names: list[str]) -> str:
    first = found[0]
    heads = " | ".join(f"{name}: AUC | found" for name in names)
    lines = [
        f"| altered how | files | {heads} | `face_forgery`: AUC | found | either finds |",
        "|---" * (5 + 2 * len(names)) + "|",
    ]
    for name, row in first["altered"].items():
        own = " | ".join(
            f"{one['altered'][name]['auc']:.3f} | {percent(one['altered'][name]['found'])}"
            if name in one["altered"]
            else "– | –"
            for one in found
        )
        lines.append(
            f"| {name} | {row['files']} | {own} | {row['face_forgery_auc']:.3f} | "
            f"{percent(row['face_forgery'])} | {percent(row['either'])} |"
        )
    heads = " | ".join(names)
    lines += ["", f"| genuine, called altered | files | {heads} | `face_forgery` |"]
    lines.append("|---" * (3 + len(names)) + "|")
    for name, row in first["genuine"].items():
        own = " | ".join(
            percent(one["genuine"][name]["found"]) if name in one["genuine"] else "–"
            for one in found
        )
        lines.append(f"| {name} | {row['files']} | {own} | {percent(row['face_forgery'])} |")
    return "\n".join(lines)


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("rows", type=Path)
    parser.add_argument("--encoder", help="the run's name")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    runs, names = ["mouths"], ["`mouth_forgery`"]
    if options.encoder:
        runs.append(options.encoder)
        names.append("tuned encoder that met no swap")
    text = table(collect(options.rows, runs), names)
    if options.write:
        pages.written(options.write, MARKS, text)
    say(text)


if __name__ == "__main__":
    main()
