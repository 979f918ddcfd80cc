"""Joins the small network of `face_forgery` with the tuned encoder, and writes the check's card.

    python -m lab.image_encoders.tuned_layers RUN/final.pt ml/engine/detectors/face_forgery
    python -m ml.engine.image_encoders
    python -m lab.image_encoders.forgery_release --also NEWS --out FOLDER [--write]

Scores the validation and test split with both and keeps the scores in FOLDER, so that several of
these, each with its own `--only`, share the work. Without `--write` it only prints the figures. The
small network stays as it is.
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
from numpy.typing import NDArray

from lab.common import cards
from lab.common.speaking import say
from lab.face import calibrate, data, faces, release
from lab.face.calibrate import Scored
from lab.face.store import Store
from ml.engine.detectors import face_forgery
from ml.engine.detectors.joined_network import JoinedNetwork
from ml.engine.fusion.calibration import Calibration
from ml.engine.media.faces import FaceFinder
from ml.engine.serving import Served, read_card
from ml.evaluation import degrade

CHECK = Path(face_forgery.__path__[0])
SEED = 7
PARTS = ("val-clean", "val-degraded", "test-clean", "test-degraded")
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


def shares(store: Store, val: Sequence[Both]) -> tuple[float, float]:
    known = [one for one in val if one.small is not None]
    genuine = [(o.small, o.beside) for o in known if not store.items[o.number].is_fake]
    return halves(*np.array(genuine, np.float64).T)


def halves(small: NDArray[np.float64], beside: NDArray[np.float64]) -> tuple[float, float]:
    """Each counts half, in units of the spread of its scores of genuine faces. A sum that is fitted
    to the swaps of the validation split would count the encoder less, which knows other ways of
    altering a face better."""
    return round(0.5 / float(small.std()), 6), round(0.5 / float(beside.std()), 6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--also", type=Path, required=True, help="filmed faces, cut by `prepare`")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", choices=PARTS, help="score only this part, for a later call")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    own = faces.own([options.also])
    store, _ = faces.opened(own)
    what, card = release.with_own(release.FACE, own), read_card(CHECK)
    network = JoinedNetwork(CHECK, Served(CHECK), shares=(1.0, 1.0))
    mark = card["encoder"]["tuned"]["sha256"][:12]

    def both(part: str) -> list[Both]:
        split, way = part.split("-")
        chosen = [
            number
            for number in data.select(
                store.items, split=split, sources=sorted({*what.fakes, *what.reals})
            )
            if not store.items[number].is_fake or store.items[number].source in what.fakes
        ]
        return scored(
            store, chosen, network, way == "degraded", options.out / f"{part}-{mark}.json"
        )

    if options.only:
        both(options.only)
        return
    val = both("val-clean") + both("val-degraded")
    joined = shares(store, val)

    def figures(network: float, head: float, part: str) -> Any:
        used = calibrate.fitted(
            store, [one.joined(network, head) for one in val],
            found_alpha=what.found_alpha, clear_alpha=what.clear_alpha,
        )  # fmt: skip
        card["calibration"]["used"] = used
        found = [one.joined(network, head) for one in both(part)]
        return release.measured(store, found, Calibration.of(card))

    alone = figures(1.0, 0.0, "test-clean")
    card["joined"] = dict(zip(("network", "head"), joined, strict=True))
    card["measured"] = {
        "split": "test; face finder, crop, network and encoder as in service",
        "clean": figures(*joined, "test-clean"),
        "degraded": figures(*joined, "test-degraded"),
        "small_network_alone": alone,
    }
    card["limits"] = [
        *release.FACE.limits,
        "In a video, the image encoder sees only the best crop of each face.",
    ]
    card |= {"version": "2", "made": f"{datetime.now(UTC):%Y-%m-%d}", "licence": LICENCE}
    for name, told in card["measured"].items():
        if name != "split":
            say(f"{name}: {json.dumps(told, indent=1)}")
    say(f"joined: {card['joined']}")
    if options.write:
        cards.write(CHECK, card)


if __name__ == "__main__":
    main()
