"""`python -m lab.temporal STAGE`: one stage after the other, each goes on where it stopped.

clips     decode the talking clips in the sandbox, change and fake them, keep their signals
folds     networks that never met a third of the speakers, for calibration
without   networks that never met a kind of fake, or a group of masks
served    the network that is served
card      calibrate, measure beside the baseline, export, write the card and the weights
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.common import speakers
from lab.common.stages import on_few_threads, said
from ml.evaluation import data_folders

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "platform"))

STAGES = ("clips", "folds", "without", "served", "card")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.temporal", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--cache", type=Path, help="where signals and runs lie")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="length of each training")
    parser.add_argument("--most", type=int, help="clips of each whom it learns from")
    parser.add_argument("--out", type=Path, help="where `card` writes; the detector's folder")
    parser.add_argument("--write", type=Path, help="a text whose tables of figures `card` renews")
    chosen = parser.parse_args()
    on_few_threads(chosen.threads)
    import cv2

    from lab.lip_sync.data import read_manifest
    from lab.temporal import data

    cv2.setNumThreads(1)
    folder = data_folders.research("talking")
    if folder is None:
        sys.stderr.write("The talking clips are not there; see docs/training-temporal.md.\n")
        return 2
    cache = chosen.cache or data_folders.cache() / "temporal"
    clips = data.at_most(read_manifest(folder / data_folders.MANIFEST), chosen.most)
    examples = data.prepare(clips, folder, cache / "clips", watch=said("clips", 20))
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
        return said(name, 250)

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
