"""Evaluates a checkpoint quickly during training, on a few pictures of some rows.

    python -m lab.synthetic_image.glance RUN/step100.pt --most 10

Prints each row's logits and its AUC against the plain genuine rows. Too small to report.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from lab.common.speaking import say
from lab.synthetic_image import rows
from lab.synthetic_image.checkpoint import served
from lab.synthetic_image.folders import add_arguments, folders
from ml.engine.detectors.synthetic_image.crops import looks, score, taken

PLAIN = ("imagenet", "bsds", "ffhq", "lfw")
SHOWN = (
    *PLAIN, "kodak", "hard: blur", "hard: professional, downscaled", "hard: downscaled by half",
    "sd21 faces", "stylegan faces", "comfy pictures", "gpt-4o gallery",
)  # fmt: skip
BOUND = 0.05
"""The share of the genuine pictures, with equal weight for every row, above the bound."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--most", type=int, default=10, help="pictures a row")
    parser.add_argument("--skip", default="", help="rows to leave out, by a comma")
    options = parser.parse_args()
    side, features, head = served(options.checkpoint)
    places = folders(options)
    items = itertools.chain(
        rows.genuine(places, "test", options.most),
        rows.hard(places, "test", options.most),
        rows.generated(places, options.most),
    )
    skipped = options.skip.split(",")
    found: dict[str, list[float]] = {row: [] for row in SHOWN if row not in skipped}
    for item in items:
        if item.row in found and len(found[item.row]) < options.most:
            picture = taken(item.picture.read(), side)
            if not picture.unfit:
                seen = looks(picture, features, head)
                found[item.row].append(score([look.logit for look in seen]))
    plain = [logit for row in PLAIN for logit in found.get(row, [])]
    real = [row for row in found if row in PLAIN or row == "kodak" or row.startswith("hard")]
    at = float(np.quantile([q for row in real for q in _even(found[row])], 1 - BOUND))
    for row, logits in found.items():
        labels = [1] * len(logits) + [0] * len(plain)
        ranked = roc_auc_score(labels, logits + plain)
        say(f"{row}: {len(logits)} pictures, median {np.median(logits):.2f}, "
            f"highest {max(logits):.2f}, AUC {ranked:.2f}, "
            f"above {at:.2f}: {np.mean(np.array(logits) >= at):.2f}")  # fmt: skip


def _even(logits: list[float]) -> list[float]:
    """A hundred of each row, whatever its size."""
    return [float(q) for q in np.quantile(logits, np.linspace(0.005, 0.995, 100))]


if __name__ == "__main__":
    main()
