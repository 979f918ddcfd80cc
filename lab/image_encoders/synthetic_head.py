"""Fits the head of `synthetic_face` on the image encoder's features, joins it with the small
network, and writes the check's card.

    python -m lab.image_encoders.synthetic_head FOLDER [--release]

FOLDER is what `face_crops --family stylegan --small` and `served_features` wrote. Without
`--release` it prints what the validation split says. The small network stays as it is.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lab.common import cards, heads
from lab.common.speaking import say
from lab.face.calibrate import FEWEST_OF_A_SOURCE, for_card, upper_bound
from lab.image_encoders.face_head import Floats, Part, figures, read
from ml.engine.detectors import diffusion_face
from ml.engine.detectors.joined_network import MARGIN
from ml.engine.image_encoders.heads import Head
from ml.engine.serving import read_card
from ml.evaluation import metrics

CHECK = Path("ml/engine/detectors/synthetic_face")
ENCODER = Path(diffusion_face.__path__[0])
SMALL = 1
"""The column of what the small networks say: `face_forgery`, `synthetic_face`."""
FAMILY = "stylegan"
LEARNT_FROM = "ffhq"
"""The photographs that the family learnt from: most like its faces, so they count twice."""
LICENCE = (
    "Network and head trained by Touchstone: the network from EfficientNet-Lite0's ImageNet "
    "weights (Apache-2.0); the head on the image encoder of CLIP ViT-B/16 (OpenAI; published "
    "under the MIT licence), which is fetched at set-up and is not part of this project. The "
    "training data is for research and non-commercial use."
)
FOUND_ALPHA, CLEAR_ALPHA = 0.03, 0.04


@dataclass(frozen=True)
class Split:
    part: Part
    small: Floats

    def where(self, chosen: Any) -> Split:
        return Split(self.part.where(chosen), self.small[chosen])


def read_split(folder: Path, split: str) -> Split:
    """Every genuine face, and of the generated ones the family; others are measured alone."""
    crops = np.load(folder / f"crops-{split}.npz")
    part = read(folder, split)
    return Split(part, np.asarray(crops["small"][:, SMALL], np.float64))


def fitted(train: Part) -> Head:
    weights = heads.sample_weights(train.source, train.fake, (LEARNT_FROM,))
    return heads.fitted(train.features, train.fake, weights, heads.RECIPE)


def shares(val: Split, head: Floats) -> tuple[float, float]:
    """The small network and the head count half each, in units of the spread of their genuine
    scores."""
    real = ~val.part.fake
    return tuple(round(0.5 / float(scores[real].std()), 6) for scores in (val.small, head))  # type: ignore[return-value]


def found_at(val: Part, scores: Floats) -> float:
    """No source of genuine faces has more than FOUND_ALPHA above it, by a conformal bound; of no
    hard row are more than a twentieth."""
    real = ~val.fake
    plain = real & ~np.char.startswith(val.source, "hard")
    rows = [scores[plain & (val.source == name)] for name in np.unique(val.source[plain])]
    bounds = [upper_bound(row, FOUND_ALPHA) for row in rows if len(row) >= FEWEST_OF_A_SOURCE]
    return max(*bounds, heads.bound(val.source[real], scores[real], FOUND_ALPHA))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--release", action="store_true")
    options = parser.parse_args()
    train, val = read_split(options.folder, "train"), read_split(options.folder, "val")
    head = fitted(train.part)
    small, beside = shares(val, heads.scores(head, val.part.features))

    def joined(split: Split) -> Floats:
        return small * split.small + beside * heads.scores(head, split.part.features)

    for name, values in (("small network", val.small), ("joined", joined(val))):
        say(
            f"{name}: {json.dumps(figures(val.part, values, found_at(val.part, values)), indent=1)}"
        )
    if not options.release:
        return
    heads.save(head, CHECK / "head.npz")
    test = read_split(options.folder, "test")
    bound = found_at(val.part, joined(val))
    alone = figures(test.part, test.small, found_at(val.part, val.small))
    card = json.loads((CHECK / "card.json").read_text())
    card |= {
        "version": "3",
        "made": f"{datetime.now(UTC):%Y-%m-%d}",
        "encoder": read_card(ENCODER)["encoder"],
        "head": {
            **cards.described(CHECK / "head.npz"),
            **asdict(heads.RECIPE),
            "margin": MARGIN,
            "faces": counted(train.part),
        },
        "licence": LICENCE,
        "joined": {"network": small, "head": beside},
        "calibration": calibration(val.part, joined(val), bound),
        "measured": {
            "split": "test; face finder, crop, network and encoder as in service",
            **figures(test.part, joined(test), bound),
            "auc_against_ffhq": against(test.part, joined(test)),
            "small_network_alone": {
                **alone["generated"],
                "auc_against_ffhq": against(test.part, test.small),
            },
        },
    }
    cards.write(CHECK, card)
    say(json.dumps(card["measured"], indent=1))


def against(part: Part, scores: Floats) -> float:
    """The family against the photographs that it learnt from, neither degraded."""
    fake = part.fake & (part.source == FAMILY) & ~part.degraded
    chosen = fake | (~part.fake & (part.source == LEARNT_FROM))
    return round(metrics.auc(part.fake[chosen], scores[chosen]) or 0.0, 3)


def counted(train: Part) -> dict[str, int]:
    """Crops by source; one face may have given several."""
    names, counts = np.unique(train.source, return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def calibration(val: Part, scores: Floats, bound: float) -> dict[str, Any]:
    return {
        "fitted_on": "validation split, each face as it is and degraded once; genuine faces in "
        "every hard row too",
        "used": for_card(
            val.fake, scores, val.group, found_at=bound, found_alpha=FOUND_ALPHA,
            clear_alpha=CLEAR_ALPHA, reals=len(np.unique(val.group[~val.fake])),
            fakes=len(np.unique(val.group[val.fake])),
        ),
    }  # fmt: skip


if __name__ == "__main__":
    main()
