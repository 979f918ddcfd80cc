"""Scores every row as the product does, crop by crop, and writes one line a picture.

    python -m lab.synthetic_image.score --out scores.csv [--most 60] [--split test]

Pictures that are already in the file are not scored again. Runs in the product's own environment.
`--kept FOLDER` keeps the features of every crop, so that another head on the same encoder is scored
in seconds.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from lab.synthetic_image import rows
from lab.synthetic_image.folders import add_arguments, folders
from lab.synthetic_image.release import FOLDER, read_card
from lab.synthetic_image.rows import Item
from lab.synthetic_image.sources import Folders
from ml.engine.contract import Pixels
from ml.engine.detectors.synthetic_image.crops import Features, Floats, Head, every_look, taken
from ml.engine.image_encoders.heads import read_head
from ml.engine.image_encoders.served import encoder_of

COLUMNS = (
    "split", "row", "source", "fake", "name", "width", "height", "unfit", "logits", "detail",
    "fine",
)  # fmt: skip


def items(places: Folders, split: str, most: int) -> Iterator[Item]:
    yield from rows.genuine(places, split, most)
    yield from rows.hard(places, split, most)
    if split == "test":
        yield from rows.drawn_by_people(places)
        yield from rows.generated(places, most)
        yield from rows.laundered(places, most)
    else:
        yield from rows.met(places, most)


class KeptFeatures:
    """Of crops, by their pixels and the network that encodes them."""

    def __init__(self, folder: Path, network: str, features: Features) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._network, self._features = folder, network, features

    def __call__(self, crop: Pixels) -> Floats:
        digest = hashlib.sha256(self._network.encode() + crop.tobytes()).hexdigest()
        file = self._folder / f"{digest[:40]}.npy"
        if not file.exists():
            np.save(file, self._features(crop))
        found: Floats = np.load(file)
        return found


def fine(crop: Pixels) -> float:
    """How much is lost at half the size, over what is lost at an eighth: low where it is soft."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    losses = []
    for factor in (2, 8):
        small = cv2.resize(grey, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
        back = cv2.resize(small, grey.shape[::-1], interpolation=cv2.INTER_CUBIC)
        losses.append(float(np.abs(grey - back).mean()))
    return losses[0] / max(losses[1], 1e-6)


def add_head_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--kept", type=Path, help="where features are kept between runs")
    parser.add_argument("--head", type=Path, help="of `fit --out`, instead of what is served")


def chosen(options: argparse.Namespace) -> tuple[int, Features, Head]:
    """The crops' side, the served encoder's features, and the head that the arguments name."""
    card = read_card()  # which has no calibration yet
    encoder, head = encoder_of(FOLDER, card), read_head(FOLDER, card)
    features: Features = encoder.features
    if options.head:
        with np.load(options.head) as stored:
            head = Head(stored["weight"], float(stored["bias"]))
    if options.kept:
        features = KeptFeatures(options.kept, encoder.sha256, features)
    return encoder.side, features, head


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    add_head_arguments(parser)
    parser.add_argument("--most", type=int, default=60, help="pictures a row")
    parser.add_argument("--torch", type=Path, help="a checkpoint instead of what is served")
    options = parser.parse_args()
    if options.torch:
        from lab.synthetic_image.checkpoint import served

        side, features, head = served(options.torch)
    else:
        side, features, head = chosen(options)
    done: set[tuple[str, str]] = set()
    if options.out.exists():
        with options.out.open() as file:
            done = {(row["row"], row["name"]) for row in csv.DictReader(file)}
    fresh = not done
    with options.out.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if fresh:
            writer.writeheader()
        for item in items(folders(options), options.split, options.most):
            if (item.row, item.picture.name) in done:
                continue
            picture = taken(item.picture.read(), side)
            found = every_look(picture, features, head)
            writer.writerow(
                {
                    "split": options.split, "row": item.row, "source": item.source,
                    "fake": int(item.fake), "name": item.picture.name,
                    "width": picture.width, "height": picture.height, "unfit": picture.unfit,
                    "logits": " ".join(f"{look.logit:.4f}" for look in found),
                    "detail": " ".join(f"{look.place.detail:.2f}" for look in found),
                    "fine": " ".join(f"{fine(crop):.4f}" for _, crop in picture.crops),
                }
            )  # fmt: skip
            file.flush()


if __name__ == "__main__":
    main()
