"""`python -m ml.training.sync STAGE`: one stage after the other, each goes on where it stopped.

clips     decode the talking clips in the sandbox and cut their mouths, once
folds     networks that never met a third of the speakers, for calibration
served    the network that is served
card      calibrate, measure beside the baselines, export, write the card and the weights
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "platform"))

STAGES = ("clips", "folds", "served", "card")


def _said(name: str, every: int) -> Callable[[Any], Any]:
    """Passes things on and says now and then how many there were."""

    def watch(things: Iterable[Any]) -> Iterator[Any]:
        total = f" of {len(things)}" if isinstance(things, Sequence) else ""
        for number, thing in enumerate(things):
            if number % every == 0:
                sys.stderr.write(f"{name}: {number}{total}\n")
                sys.stderr.flush()
            yield thing

    return watch


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ml.training.sync", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--cache", type=Path, help="where mouths and runs lie")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="length of each training")
    parser.add_argument("--out", type=Path, help="where `card` writes; the detector's folder")
    parser.add_argument("--write", type=Path, help="a text whose table of figures `card` renews")
    chosen = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, str(chosen.threads))
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    from ml.training.sync import data

    folder = data.talking_folder()
    if folder is None:
        sys.stderr.write("The talking clips are not there; see docs/training-sync.md.\n")
        return 2
    cache = chosen.cache or data.own_cache()
    clips = data.read_manifest(folder / "manifest.csv")
    talks = data.prepare(clips, folder, cache, watch=_said("clips", 40))
    sys.stderr.write(f"{len(talks)} of {len(clips)} clips show a face that speaks.\n")
    if chosen.stage != "clips":
        _trained(chosen, talks, cache / "runs")
    return 0


def _trained(chosen: argparse.Namespace, talks: Sequence[Any], runs: Path) -> None:
    from ml.training.sync import folds, loop, report, tables

    recipe = loop.Recipe(**({"steps": chosen.steps} if chosen.steps else {}))
    learnt = folds.learnt_from(talks)
    if chosen.stage == "folds":
        folds.out_of_fold(learnt, runs, recipe, lambda name: _said(name, 50))
    elif chosen.stage == "served":
        loop.train(learnt, runs / "served", recipe, watch=_said("served", 50))
    else:
        card = report.write(talks, runs, recipe, chosen.out)
        if chosen.write:
            tables.put(card, chosen.write)
        sys.stdout.write(report.as_text(card) + "\n")


if __name__ == "__main__":
    sys.exit(main())
