"""Prepares faces to measure a tuned encoder on: swaps, blends of each kind, mouths of another
moment.

    python -m lab.image_encoders.altered_rows --also NEWS --out FOLDER --split test

Writes each face as the encoder sees it, and the score of the served small network. None of these
people were used in training. Blends and mouths are made of the split's genuine faces, the mouths
with a drawing method that no training uses (`lab.clearing.forging.smooth`). Runs in the product's
own environment.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.clearing.forging import smooth
from lab.common.speaking import say
from lab.face import blend, compare, faces, foreign
from lab.face.data import SPLITS
from lab.face.store import Store
from lab.image_encoders import edits
from ml.engine.contract import Box, Crop, FaceTrack, Frame, Pixels
from ml.engine.detectors import face_forgery
from ml.engine.media import crops
from ml.engine.media.crops import to_side, with_margin
from ml.engine.media.face_scores import FaceNetwork
from ml.engine.media.faces import FaceFinder
from ml.engine.serving import Served
from ml.evaluation import degrade

SIDE, MARGIN = 128, 0.03
FILMED = 2
"""Moments of each clip."""
DEGRADED_EACH = 4
BLENDED = 100
"""Genuine faces that are blended in each of the ways."""
GENERATED = "stylegan"
SWAPS, MOUTHS = "swaps", "mouth of another moment"


@dataclass(frozen=True)
class Row:
    kind: str
    """Empty for a genuine face."""
    number: int
    """In the store."""
    crop: Crop
    degraded: bool = False


def rows(store: Store, split: str, finder: FaceFinder) -> Iterator[Row]:
    """The validation split's faces once more after a drawn degradation, as in calibration; of the
    test split's a part."""
    genuine = []
    seen: dict[str, int] = {}
    for number, item in enumerate(store.items):
        if item.split != split or not store.has_face(number) or item.source == GENERATED:
            continue
        clip = f"{item.source} {item.pair}" if item.source == "news" else ""
        seen[clip] = seen.get(clip, 0) + 1
        if clip and seen[clip] > FILMED:
            continue
        if not item.is_fake:
            genuine.append(number)
        pixels = np.ascontiguousarray(store.picture(number))
        ways = {False: pixels}
        if split == "val" or number % DEGRADED_EACH == 0:
            chain = degrade.draw(np.random.default_rng([7, number]), untouched=0.0)
            ways[True] = chain(pixels)
        for degraded, picture in ways.items():
            faces_found = finder.in_still(picture)
            crop = crops.cut(Frame(0, 0.0, picture), faces_found[0]) if faces_found else None
            if crop is not None:
                yield Row(SWAPS if item.is_fake else "", number, crop, degraded)
    if split != "train":
        yield from blends(store, compare.even(store, genuine, BLENDED))
        yield from mouths(store, genuine)


def blends(store: Store, chosen: Sequence[int]) -> Iterator[Row]:
    """As `compare` makes them, of the same faces."""
    for kind in compare.KINDS:
        for number in chosen:
            picture, points = np.ascontiguousarray(store.picture(number)), store.points(number)
            random = np.random.default_rng([11, number])
            if kind == compare.ANOTHER:
                givers = [int(n) for n in random.choice(chosen, 40) if n != number]
                giver = givers[foreign.nearest(points, [store.points(n) for n in givers])]
                over = foreign.fitted(
                    store.picture(giver), store.points(giver), points, picture.shape
                )
                made, _ = foreign.put_in(over, picture, points, random)
            else:
                made, _ = blend.self_blend(picture, points, random, family=kind)
            yield Row(kind, number, as_crop(made, points))


def mouths(store: Store, genuine: Sequence[int]) -> Iterator[Row]:
    for some in edits.moments(store, genuine).values():
        here, there = some[0], some[-1]
        random = np.random.default_rng([12, here])
        picture, points = np.ascontiguousarray(store.picture(here)), store.points(here)
        made, _ = edits.lips(
            picture, points, store.picture(there), store.points(there), random, smooth
        )
        yield Row(MOUTHS, here, as_crop(made, points))


def as_crop(pixels: Pixels, points: NDArray[np.float32]) -> Crop:
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    tight = Box(*(float(side) for side in (*low, *high)))
    return Crop(0, 0.0, np.ascontiguousarray(pixels), tight, points, quality=1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--also", type=Path, required=True, help="filmed faces, cut by `prepare`")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", default="test", choices=SPLITS)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    store, _ = faces.opened(faces.own([options.also]))
    network = FaceNetwork(Served(Path(face_forgery.__path__[0])))
    kept, squares, small = [], [], []
    with FaceFinder(most=1) as finder:
        for row in rows(store, options.split, finder):
            if not network.usable(FaceTrack(1, 0.0, 0.0, 1, (row.crop,))):
                continue
            kept.append(row)
            squares.append(to_side(with_margin(row.crop, MARGIN), SIDE))
            small.append(network.look(row.crop)[0])
            if len(kept) % 500 == 0:
                say(f"{options.split}: {len(kept)} faces")
    options.out.mkdir(parents=True, exist_ok=True)
    items = [store.items[row.number] for row in kept]
    np.savez(
        options.out / f"altered-{options.split}.npz",
        crops=np.stack(squares),
        small=np.array(small, np.float32),
        number=np.array([row.number for row in kept]),
        degraded=np.array([row.degraded for row in kept]),
        kind=np.array([row.kind for row in kept]),
        source=np.array([item.source for item in items]),
        person=np.array([f"{i.source} {i.identity or i.pair or i.member}" for i in items]),
    )


if __name__ == "__main__":
    main()
