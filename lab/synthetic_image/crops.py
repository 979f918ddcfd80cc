"""Cuts crops for a head on the published encoder: genuine pictures, hard ones, drawings by people,
and generated ones.

    python -m lab.synthetic_image.crops --pairs PAIRS --out crops.npz

Runs in the laboratory's environment.
"""

from __future__ import annotations

import argparse
import itertools
import zlib
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from lab.common.speaking import say
from lab.synthetic_image import degrade, rows
from lab.synthetic_image.degrade import Chain, Pixels, after, hardened
from lab.synthetic_image.folders import add_arguments, folders
from lab.synthetic_image.rows import thinned
from lab.synthetic_image.sources import (
    Folders,
    Picture,
    drawn,
    faces,
    frames,
    laid_out,
    photographs,
)
from ml.engine.detectors.synthetic_image.crops import saved_alike
from ml.engine.detectors.synthetic_image.places import places

SIDE = 128
SOURCES = {"imagenet": 2, "bsds": 2, "debian": 10, "talking": 1, "sd21": 3}
"""Crops of each picture; of faces and their generated twins one."""
MOST = {"imagenet": 500, "bsds": 300, "debian": 350, "sd21": 900, "stylegan": 200, "talking": 80,
        "trip": 280, "trip real": 280}  # fmt: skip
MOST_FACES = 120
HARD = 70
GALLERIES = ("gpt4o", "gpt_images")


class Crops:
    def __init__(self) -> None:
        self.crops: list[Pixels] = []
        self.entries: list[tuple[str, bool, str]] = []

    def add(self, crop: Pixels, row: str, fake: bool, name: str) -> None:
        self.crops.append(saved_alike(np.ascontiguousarray(crop)))
        self.entries.append((row, fake, f"{row} {name}"))

    def thinned(self, random: np.random.Generator) -> Crops:
        """So that no source outnumbers the others by far."""
        kept = Crops()
        row_of = np.array([row for row, _, _ in self.entries])
        chosen: list[int] = []
        for row in sorted(set(row_of)):
            most = MOST.get(row, len(row_of) if row.startswith("hard") else MOST_FACES)
            most = len(row_of) if row in ("drawn", *GALLERIES) else most
            chosen += list(random.permutation(np.flatnonzero(row_of == row))[:most])
        for number in sorted(chosen):
            kept.crops.append(self.crops[number])
            kept.entries.append(self.entries[number])
        return kept

    def write(self, target: Path) -> None:
        rows_, fakes, names = zip(*self.entries, strict=True)
        np.savez(
            target, crops=np.stack(self.crops), row=np.array(rows_), fake=np.array(fakes),
            group=np.array(names),
        )  # fmt: skip


def key(picture: Picture) -> int:
    return zlib.crc32(picture.name.encode())


def anywhere(pixels: Pixels, random: np.random.Generator) -> Pixels | None:
    height, width = pixels.shape[:2]
    if min(height, width) < SIDE:
        return None
    for _ in range(6):
        top, left = random.integers(height - SIDE + 1), random.integers(width - SIDE + 1)
        crop = pixels[top : top + SIDE, left : left + SIDE]
        if crop.std() > 6:
            return np.ascontiguousarray(crop)
    return None


def with_history(pixels: Pixels, random: np.random.Generator, fake: bool) -> Pixels | None:
    """A crop after typical changes, the same for both classes."""
    room = SIDE * 1.02 / min(pixels.shape[:2])
    shrink = Chain()
    shrink.shrink(random, room, 0.1)
    pixels = shrink(pixels)
    side = min(256, *pixels.shape[:2])
    top = int(random.integers(pixels.shape[0] - side + 1))
    left = int(random.integers(pixels.shape[1] - side + 1))
    return changed(pixels[top : top + side, left : left + side], random, 0.25 if fake else 0.4)


def changed(pixels: Pixels, random: np.random.Generator, hard: float) -> Pixels | None:
    pixels = np.ascontiguousarray(pixels)
    if random.random() < hard:
        pixels = hardened(pixels, random)
    if random.random() < 0.7:
        pixels = after(random, min(1, SIDE * 1.02 / min(pixels.shape[:2])))(pixels)
    return anywhere(pixels, random)


def take(made: Crops, pictures: Iterable[Picture], row: str, fake: bool) -> None:
    for picture in pictures:
        pixels = np.ascontiguousarray(picture.read())
        for number in range(SOURCES.get(row, 1)):
            random = np.random.default_rng([7, key(picture), number])
            crop = with_history(pixels, random, fake)
            if crop is not None:
                made.add(crop, row, fake, picture.name)


def take_plain(made: Crops, where: Folders) -> None:
    take(made, thinned(laid_out(where, "train", "real", ("imagenet_samples",)), 500),
         "imagenet", False)  # fmt: skip
    take(made, thinned(laid_out(where, "train", "real", ("bsds",)), 300), "bsds", False)
    take(made, list(photographs(where, "train"))[:60], "debian", False)
    for source, most in (("ffhq", 300), ("lfw", 250), ("utkface", 150), ("dfdc", 150)):
        take(made, thinned(faces(where, "train", "real", (source,)), most), source, False)
    take(made, thinned(frames(where, "train"), 120), "talking", False)
    take(made, thinned(laid_out(where, "train", "fake", ("sd21_faces",)), 500), "sd21", True)
    take(made, thinned(faces(where, "train", "fake", ("stylegan",)), 300), "stylegan", True)


def take_trips(made: Crops, pairs: Path) -> None:
    """A genuine crop and its round trip through an autoencoder, with the same changes."""
    for shard in sorted(pairs.glob("train-*.npz")):
        stored = np.load(shard)
        for number, both in enumerate(zip(stored["real"], stored["fake"], strict=True)):
            for row, pixels in zip(("trip real", "trip"), both, strict=True):
                random = np.random.default_rng([8, zlib.crc32(shard.name.encode()), number])
                crop = changed(pixels, random, 0.25)
                if crop is not None:
                    made.add(crop, row, row == "trip", f"{shard.name} {number}")


def take_hard(made: Crops, where: Folders) -> None:
    scenes = thinned(laid_out(where, "train", "real", ("imagenet_samples",)), 400)
    scenes += thinned(laid_out(where, "train", "real", ("bsds",)), 250)
    portraits = thinned(faces(where, "train", "real", ("ffhq",)), 400)
    kinds = {**rows.HARD, "beauty filter": rows.beauty, "professional": rows.professional}
    for name, change in kinds.items():
        from_ = {"beauty filter": portraits, "professional": list(photographs(where, "train"))}
        base = sorted(from_.get(name, scenes), key=lambda p: zlib.crc32((name + p.name).encode()))[
            :HARD
        ]
        for number, picture in enumerate(itertools.islice(itertools.cycle(base), HARD)):
            random = np.random.default_rng([11, zlib.crc32((name + picture.name).encode()), number])
            pixels = np.ascontiguousarray(change(np.ascontiguousarray(picture.read()), number + 7))
            if random.random() < 0.5:
                pixels = after(random, 1)(pixels)
            found = np.array(places(pixels, SIDE), dtype=object)
            for place in random.permutation(found)[:2]:
                made.add(place.cut(pixels, SIDE), f"hard: {name}", False, picture.name)


def take_drawn(made: Crops, pictures: Iterable[Picture]) -> None:
    for picture in pictures:
        pixels = np.ascontiguousarray(picture.read())
        for number in range(len(rows.WIDTHS)):
            displayed = rows.as_displayed(pixels, number)
            for place in places(displayed, SIDE):
                made.add(place.cut(displayed, SIDE), "drawn", False, f"{picture.name} {number}")


def take_galleries(made: Crops, where: Folders) -> None:
    """Each picture as it is, and once after scaling and saving."""
    for name in GALLERIES:
        for picture in laid_out(where, "train", "fake", (name,)):
            if "input" in picture.name:
                continue
            pixels = np.ascontiguousarray(picture.read())
            random = np.random.default_rng([13, key(picture)])
            smaller = pixels
            if min(pixels.shape[:2]) > 400:
                smaller = degrade.resized(pixels, float(random.uniform(0.35, 1)), cv2.INTER_AREA)
            for number, version in enumerate((pixels, after(random, 1)(smaller))):
                for place in places(version, SIDE)[:3]:
                    made.add(place.cut(version, SIDE), name, True, f"{picture.name} {number}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    where, made = folders(options), Crops()
    take_plain(made, where)
    take_trips(made, options.pairs)
    take_hard(made, where)
    take_drawn(made, drawn(where, "train"))
    take_galleries(made, where)
    say(f"{len(made.crops)} crops")
    made.thinned(np.random.default_rng(1)).write(options.out)


if __name__ == "__main__":
    main()
