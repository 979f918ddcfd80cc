"""`python -m lab.temporal STAGE`: run the stages in this order; each can be continued.

clips     decode the talking clips in the sandbox, change and fake them, store their signals
folds     train networks without a third of the speakers, for calibration
without   train networks without a kind of fake, or a group of masks
served    train the served network
card      calibrate, compare with the baseline, export, write the card and the weights
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.common import speakers, stages
from lab.common.stages import on_few_threads, reporting
from ml.evaluation import data_folders

STAGES = ("clips", "folds", "without", "served", "card")


def main() -> int:
    parser = stages.for_networks(stages.parser("lab.temporal", __doc__, STAGES, cache="signals"))
    parser.add_argument("--most", type=int, help="clips of each whom it learns from")
    chosen = parser.parse_args()
    on_few_threads(chosen.threads)
    import cv2

    from lab.lip_sync.data import read_manifest
    from lab.temporal import data

    cv2.setNumThreads(1)
    folder = stages.research("talking", "training-temporal.md")
    if folder is None:
        return 2
    cache = chosen.cache or data_folders.cache() / "temporal"
    clips = data.at_most(read_manifest(folder / data_folders.MANIFEST), chosen.most)
    examples = data.prepare(clips, folder, cache / "clips", watch=reporting("clips", 20))
    able = len({e.clip.sha256 for e in examples})
    sys.stderr.write(f"{able} of {len(clips)} clips show a face throughout.\n")
    if chosen.stage != "clips":
        _trained(chosen, examples, cache / "runs")
    return 0


def _trained(chosen: argparse.Namespace, examples: Sequence[Any], runs: Path) -> None:
    from lab.temporal import folds, loop, report, tables

    recipe = loop.Recipe(**({"steps": chosen.steps} if chosen.steps else {}))
    learnt = speakers.learnt_from(examples)

    def watch(name: str) -> Any:
        return reporting(name, 250)

    if chosen.stage == "folds":
        folds.out_of_fold(learnt, runs, recipe, watch)
    elif chosen.stage == "without":
        for name, *_ in folds.without(learnt, runs, recipe, watch):
            sys.stderr.write(f"without {name}: done\n")
    elif chosen.stage == "served":
        loop.train(learnt, runs / "served", recipe, watch=watch("served"))
    else:
        card = report.write(examples, runs, recipe, chosen.out)
        if chosen.write:
            tables.put(card, chosen.write)
        sys.stdout.write(tables.markdown(card) + "\n")


if __name__ == "__main__":
    sys.exit(main())
