"""Writes the tuned encoder into the folder of `face_forgery`, and joins it with the small network.

    python -m lab.image_encoders.forgery_release export RUN/final.pt      (with PyTorch)
    python -m ml.engine.image_encoders
    python -m lab.image_encoders.forgery_release card --also NEWS --out FOLDER [--write]

`card` scores the validation and test split with both, keeps the scores in FOLDER, joins both on the
validation split and, without `--write`, only prints the figures. The small network stays as it is.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression

from lab.common.speaking import say
from lab.face import calibrate, data, faces, release
from lab.face.calibrate import Scored
from lab.face.store import Store
from lab.image_encoders import tuned_layers
from ml.engine.detectors import face_forgery
from ml.engine.detectors.joined_network import MARGIN, JoinedNetwork
from ml.engine.fusion.calibration import Calibration
from ml.engine.media.faces import FaceFinder
from ml.engine.serving import CARD, Served, read_card
from ml.evaluation import degrade

CHECK = Path(face_forgery.__path__[0])
SEED = 7
EVERY = 500
LICENCE = (
    "Network and encoder layers trained by Touchstone: the network from EfficientNet-Lite0's "
    "ImageNet weights (Apache-2.0); the layers on the image encoder of CLIP ViT-B/16 (OpenAI; "
    "published under the MIT licence), which is fetched at set-up and is not part of this "
    "project. The training data is for research and non-commercial use."
)


@dataclass(frozen=True)
class Both:
    """One picture: what the small network says, and what the encoder says."""

    number: int
    degraded: bool
    small: float | None
    beside: float | None
    face_side: float

    def joined(self, network: float, head: float) -> Scored:
        score = None
        if self.small is not None and self.beside is not None:
            score = network * self.small + head * self.beside
        return Scored(self.number, self.degraded, score, self.face_side)


def scored(
    store: Store, numbers: Sequence[int], network: JoinedNetwork, degraded: bool, kept: Path
) -> list[Both]:
    """As `lab.face.calibrate.served_scores`, of both; kept for the same layers."""
    if kept.exists():
        return [Both(**one) for one in json.loads(kept.read_text())]
    found = []
    with FaceFinder(most=1) as finder:
        for count, number in enumerate(numbers, 1):
            pixels = np.ascontiguousarray(store.picture(number))
            if degraded:
                random = np.random.default_rng([SEED, number])
                pixels = degrade.draw(random, untouched=0.0)(pixels)
            face, side = calibrate.face_score(pixels, finder, network)
            small = face.logit - face.beside if face else None
            found.append(Both(number, degraded, small, face.beside if face else None, side))
            if count % EVERY == 0:
                say(f"{kept.stem}: {count} of {len(numbers)}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps([vars(one) for one in found]))
    return found


def weights(store: Store, val: Sequence[Both]) -> tuple[float, float]:
    """Of both logits, so that their sum is as wide as the small network's logit."""
    known = [one for one in val if one.small is not None]
    both = np.array([(one.small, one.beside) for one in known])
    fake = [store.items[one.number].is_fake for one in known]
    fitted = LogisticRegression(C=1e3, class_weight="balanced").fit(both, fake)
    genuine = ~np.array(fake)
    scale = both[genuine, 0].std() / (both[genuine] @ fitted.coef_[0]).std()
    network, head = (round(float(weight) * scale, 6) for weight in fitted.coef_[0])
    return network, head


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("export").add_argument("checkpoint", type=Path)
    card = verbs.add_parser("card")
    card.add_argument("--also", type=Path, required=True, help="filmed faces, cut by `prepare`")
    card.add_argument("--out", type=Path, required=True)
    card.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.verb == "export":
        export(options.checkpoint)
    else:
        measure(options)


def export(checkpoint: Path) -> None:
    import torch

    learnt = {k: v.numpy() for k, v in torch.load(checkpoint, weights_only=True).items()}
    settings = json.loads((checkpoint.parent / "settings.json").read_text())
    made = tuned_layers.write(learnt, settings, CHECK)
    made["head"] |= {"margin": MARGIN, "settings": settings}
    write(read_card(CHECK) | made | {"joined": {"network": 1.0, "head": 1.0}})


def write(card: dict[str, Any]) -> None:
    (CHECK / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")


def measure(options: argparse.Namespace) -> None:
    cv2.setNumThreads(1)
    own = faces.own([options.also])
    store, _ = faces.opened(own)
    what, card = release.with_own(release.FACE, own), read_card(CHECK)
    network = JoinedNetwork(CHECK, Served(CHECK), shares=(1.0, 1.0))
    mark = card["encoder"]["tuned"]["sha256"][:12]

    def both(split: str, degraded: bool) -> list[Both]:
        sources = {*what.fakes, *what.reals}
        chosen = [
            number
            for number in data.select(store.items, split=split, sources=sorted(sources))
            if not store.items[number].is_fake or store.items[number].source in what.fakes
        ]
        kept = options.out / f"{split}-{'degraded' if degraded else 'clean'}-{mark}.json"
        return scored(store, chosen, network, degraded, kept)

    val = both("val", False) + both("val", True)
    joined = weights(store, val)
    card["joined"] = dict(zip(("network", "head"), joined, strict=True))

    def fitted(network: float, head: float) -> Calibration:
        used = calibrate.fitted(
            store, [one.joined(network, head) for one in val],
            found_alpha=what.found_alpha, clear_alpha=what.clear_alpha,
        )  # fmt: skip
        card["calibration"]["used"] = used
        return Calibration.of(card)

    def figures(network: float, head: float, degraded: bool) -> Any:
        found = [one.joined(network, head) for one in both("test", degraded)]
        return release.measured(store, found, fitted(network, head))

    alone = figures(1.0, 0.0, False)
    card["measured"] = {
        "split": "test; face finder, crop, network and encoder as in service",
        "clean": figures(*joined, degraded=False),
        "degraded": figures(*joined, degraded=True),
        "small_network_alone": alone,
    }
    card |= {"version": "2", "made": f"{datetime.now(UTC):%Y-%m-%d}", "licence": LICENCE}
    for name, told in card["measured"].items():
        if name != "split":
            say(f"{name}: {json.dumps(told, indent=1)}")
    say(f"joined: {card['joined']}")
    if options.write:
        write(card)


if __name__ == "__main__":
    main()
