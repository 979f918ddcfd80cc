"""Writes genuine crops without a round trip, of the kind that causes most false alarms: sharp
photographs reduced a lot, as web pages show them.

    python -m lab.synthetic_image.make_hard --out PAIRS --count 600
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from lab.synthetic_image import degrade
from lab.synthetic_image.degrade import Pixels
from lab.synthetic_image.folders import add_arguments, folders
from lab.synthetic_image.make_pairs import SHARD, SIDE
from lab.synthetic_image.sources import Picture, laid_out, photographs

SHARE = 0.7
"""The share of crops from large photographs; the others come from pictures of some 500 pixels."""
LARGEST = 0.75
"""The largest scale that counts as reduced."""


def smaller(pixels: Pixels, random: np.random.Generator, side: int = SIDE) -> Pixels | None:
    shortest = min(pixels.shape[:2])
    least = side / shortest * 1.02
    if least > LARGEST:
        return None
    scale = float(np.exp(random.uniform(np.log(least), np.log(LARGEST))))
    how = int(random.choice((cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)))
    made = degrade.resized(pixels, scale, how)
    if random.random() < 0.5:
        made = degrade.sharpened(made, random.uniform(0.2, 1.1))
    if random.random() < 0.5:
        made = degrade.saved(made, "JPEG", int(random.integers(80, 99)))
    top = int(random.integers(made.shape[0] - side + 1))
    left = int(random.integers(made.shape[1] - side + 1))
    return made[top : top + side, left : left + side]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side", type=int, default=SIDE, help="of the crops")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    random = np.random.default_rng(options.seed)
    places = folders(options)
    large = [picture.read() for picture in photographs(places, "train")]
    small: list[Picture] = list(laid_out(places, "train", "real", ("imagenet_samples", "bsds")))
    made: list[Pixels] = []
    shard = 0
    options.out.mkdir(parents=True, exist_ok=True)
    while shard * SHARD < options.count:
        if random.random() < SHARE:
            pixels = large[int(random.integers(len(large)))]
        else:
            pixels = small[int(random.integers(len(small)))].read()
        crop = smaller(pixels, random, options.side)
        if crop is None or crop.std() < 4:
            continue
        made.append(crop)
        if len(made) == SHARD:
            target = options.out / f"hard-{options.seed}-{shard:03d}.npz"
            part = target.with_suffix(".part")
            with part.open("wb") as file:
                np.savez(file, real=np.stack(made))
            part.replace(target)
            made, shard = [], shard + 1


if __name__ == "__main__":
    main()
