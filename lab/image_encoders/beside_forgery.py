"""Measures whether the image encoder detects swapped faces that `face_forgery` misses.

    python -m lab.image_encoders.beside_forgery FOLDER [--write docs/training-face.md]

FOLDER holds what `swapped_faces` wrote. A head is fitted on the encoder's features of the training
split. Its regularisation is chosen on the validation split, where a logistic regression also
combines it with the small network's score. The test split is then only measured. Gains have
bootstrap intervals over people.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from lab.common import heads
from lab.common.speaking import say
from ml.engine.image_encoders.heads import Head
from ml.evaluation import metrics, pages

STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03)
SHRINKAGE = 0.2
DRAWS = 500
Floats = NDArray[np.float64]
Figure = Callable[[Any, Any], float]


@dataclass(frozen=True)
class Part:
    features: NDArray[np.float32]
    small: Floats
    fake: NDArray[np.bool_]
    person: NDArray[np.str_]

    @classmethod
    def read(cls, folder: Path, split: str) -> Part:
        with np.load(folder / f"swapped-{split}.npz") as stored:
            return cls(
                stored["features"].astype(np.float32),
                stored["small"].astype(np.float64),
                stored["fake"],
                stored["person"],
            )


def auc(fake: Any, scores: Any) -> float:
    return metrics.auc(fake, scores) or 0.0


def hits(fake: Any, scores: Any) -> float:
    return metrics.tpr_at_fpr(fake, scores, 0.05) or 0.0


def best_head(train: Part, val: Part) -> tuple[Head, float]:
    """The strength with the best ranking on the validation split."""
    weights = np.ones(len(train.fake))
    fitted = {
        strength: heads.fitted(
            train.features, train.fake, weights, heads.Recipe(strength, SHRINKAGE)
        )
        for strength in STRENGTHS
    }
    best = max(
        fitted, key=lambda strength: auc(val.fake, heads.scores(fitted[strength], val.features))
    )
    return fitted[best], best


def gain(
    test: Part, before: Floats, after: Floats, figure: Figure, seed: int = 3
) -> tuple[float, float]:
    """The 95 % interval of the gain, with people resampled."""
    random = np.random.default_rng(seed)
    people = np.unique(test.person)
    of = [np.flatnonzero(test.person == person) for person in people]
    gained = []
    for _ in range(DRAWS):
        rows = np.concatenate([of[n] for n in random.integers(0, len(people), len(people))])
        fake = test.fake[rows]
        if fake.any() and not fake.all():
            gained.append(figure(fake, after[rows]) - figure(fake, before[rows]))
    low, high = np.quantile(gained, [0.025, 0.975])
    return float(low), float(high)


def as_text(train: Part, val: Part, test: Part) -> str:
    head, strength = best_head(train, val)
    on_val, on_test = (heads.scores(head, part.features) for part in (val, test))
    both = LogisticRegression().fit(np.stack([val.small, on_val], 1), val.fake)
    stacked = both.decision_function(np.stack([test.small, on_test], 1))
    weights = ", ".join(f"{weight:.2f}" for weight in both.coef_[0])
    lines = [
        f"The head was trained on {_counts(train)}. On {_counts(val)} its strength "
        f"({strength:g}) was chosen and the two were combined (weights {weights}). Measured on "
        f"{_counts(test)} of the test split:",
        "",
        "| | AUC | hits at 5 % false alarms |",
        "|---|---|---|",
    ]
    for name, values in (
        ("`face_forgery` alone", test.small),
        ("head on the encoder alone", on_test),
        ("both", stacked),
    ):
        lines.append(f"| {name} | {auc(test.fake, values):.3f} | {hits(test.fake, values):.3f} |")
    ranges = [gain(test, test.small, stacked, figure) for figure in (auc, hits)]
    cells = " | ".join(f"{low:+.3f} to {high:+.3f}" for low, high in ranges)
    lines.append(f"| gained by both over the first, 95 % | {cells} |")
    return "\n".join(lines)


def _counts(part: Part) -> str:
    fakes = int(part.fake.sum())
    people = len(np.unique(part.person))
    return f"{len(part.fake) - fakes} genuine and {fakes} swapped faces of {people} people"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", type=Path, metavar="FILE", help="between the marks `stacked`")
    options = parser.parse_args()
    text = as_text(*(Part.read(options.folder, split) for split in ("train", "val", "test")))
    if options.write:
        pages.written(options.write, "stacked", text)
    say(text)


if __name__ == "__main__":
    main()
