"""Scores swapped faces and their originals with the image encoder and `face_forgery`.

    python -m lab.image_encoders.swapped_faces --out FOLDER --split train --real 350 --fake 350

People in turn, so that few pictures show many people. Face finder, crop, small network and the
served encoder are those of service. Runs in the product's own environment; `beside_forgery` reads
what it writes.
"""

from __future__ import annotations

import argparse
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.common.speaking import say
from lab.face.data import FAKE, REAL, SPLITS, Item, read_manifest
from lab.face.store import read_pictures
from lab.image_encoders.face_crops import MARGIN, Cutter
from lab.synthetic_image.folders import add_arguments
from ml.engine.detectors.diffusion_face.detector import DiffusionFace
from ml.engine.media.faces import FaceFinder

SOURCE = "dfdc"
EVERY = 100
"""Faces after which what was found is written, so that a stopped run is not lost."""


@dataclass(frozen=True)
class Examined:
    item: Item
    small: float
    features: NDArray[np.float16]


def chosen(items: Sequence[Item], label: str, most: int) -> list[Item]:
    """One picture of each person, then a second one, until there are enough."""
    by_person = defaultdict(list)
    for item in sorted(items, key=lambda item: zlib.crc32(item.member.encode())):
        if item.label == label:
            by_person[item.identity or item.pair].append(item)
    turns = zip_longest(*(found for _, found in sorted(by_person.items())))
    return list(islice((item for item in chain(*turns) if item is not None), most))


def write(found: Sequence[Examined], target: Path) -> None:
    part = target.with_suffix(".part.npz")
    np.savez(
        part,
        features=np.stack([one.features for one in found]),
        small=np.array([one.small for one in found], np.float32),
        fake=np.array([one.item.is_fake for one in found]),
        checked=np.array([one.item.checked_pair for one in found]),
        person=np.array([one.item.identity or one.item.pair for one in found]),
    )
    part.replace(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_arguments(parser)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", default="train", choices=SPLITS)
    parser.add_argument("--real", type=int, default=350)
    parser.add_argument("--fake", type=int, default=350)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    items = [
        item
        for item in read_manifest(options.faces / "manifest.csv")
        if item.split == options.split and item.source.startswith(SOURCE)
    ]
    both = (chosen(items, REAL, options.real), chosen(items, FAKE, options.fake))
    todo = [item for pair in zip_longest(*both) for item in pair if item is not None]
    options.out.mkdir(parents=True, exist_ok=True)
    target = options.out / f"swapped-{options.split}.npz"
    encoder, found = DiffusionFace().encoder, []
    with FaceFinder(most=1) as finder:
        # The small network learnt from the training split: what it says there tells nothing.
        cutter = Cutter(finder, scored=options.split != "train")
        pictures = read_pictures(todo, options.faces)
        for number, (item, pixels) in enumerate(zip(todo, pictures, strict=True), 1):
            made = cutter.cut(pixels, MARGIN)
            if made is not None:
                crop, logits = made
                features = encoder.features(np.ascontiguousarray(crop))
                found.append(Examined(item, logits[0], features.astype(np.float16)))
            if number % EVERY == 0 or number == len(todo):
                write(found, target)
                say(f"{options.split}: {number} of {len(todo)} pictures, {len(found)} faces")


if __name__ == "__main__":
    main()
