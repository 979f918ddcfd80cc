"""`python -m lab.lip_sync STAGE`: run the stages in this order; each can be continued.

clips     decode the talking clips in the sandbox and crop their mouths, once
offsets   train first networks, to measure the offset between each speaker's sound and lips
folds     train networks without a third of the speakers, for calibration
served    train the served network
card      calibrate, compare with the baselines, export, write the card and the weights
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

STAGES = ("clips", "offsets", "folds", "served", "card")


def main() -> int:
    parser = stages.for_networks(stages.parser("lab.lip_sync", __doc__, STAGES, cache="mouths"))
    chosen = parser.parse_args()
    on_few_threads(chosen.threads)
    from lab.lip_sync import clips as seen
    from lab.lip_sync import data

    folder = stages.research("talking", "training-sync.md")
    if folder is None:
        return 2
    cache = chosen.cache or data_folders.cache() / "talking"
    clips = data.read_manifest(folder / data_folders.MANIFEST)
    talks = seen.prepare(clips, folder, cache, watch=reporting("clips", 40))
    sys.stderr.write(f"{len(talks)} of {len(clips)} clips show a face that speaks.\n")
    if chosen.stage != "clips":
        _trained(chosen, talks, cache / "runs")
    return 0


def _trained(chosen: argparse.Namespace, talks: Sequence[Any], runs: Path) -> None:
    from lab.lip_sync import aligning, batches, folds, loop, report, tables

    recipe = loop.Recipe(**({"steps": chosen.steps} if chosen.steps else {}))
    learnt = speakers.learnt_from(talks)
    offsets = aligning.offsets(learnt, runs, recipe, lambda name: reporting(name, 50))
    if chosen.stage == "offsets":
        sys.stdout.write("".join(f"{name}: {off:+.2f}\n" for name, off in offsets.items()))
    elif chosen.stage == "folds":
        folds.out_of_fold(learnt, runs, recipe, lambda name: reporting(name, 50), offsets)
    elif chosen.stage == "served":
        loop.train(
            batches.aligned(learnt, offsets), runs / "served", recipe, watch=reporting("served", 50)
        )
    else:
        card = report.write(talks, runs, recipe, offsets, chosen.out)
        if chosen.write:
            tables.put(card, chosen.write)
        sys.stdout.write(report.as_text(card) + "\n")


if __name__ == "__main__":
    sys.exit(main())
