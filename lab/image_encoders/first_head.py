"""Fits the head from which `tune_swaps` starts: genuine faces against blends of them, on features
of the encoder as published. No swap and no picture of the swaps' collection is used.

    python -m lab.image_encoders.first_head --out HEAD.npz [--most 550]

A head that starts from nothing lets the first steps spoil what the encoder knows. Runs in the
product's own environment.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from lab.common import heads
from lab.common.speaking import say
from lab.face import blend, data, faces, foreign
from lab.face.store import Store
from lab.image_encoders import edits
from lab.image_encoders.altered_rows import MARGIN, SIDE, as_crop
from ml.engine.contract import Pixels
from ml.engine.detectors import diffusion_face
from ml.engine.image_encoders.heads import Head
from ml.engine.image_encoders.served import encoder_of
from ml.engine.media.crops import to_side, with_margin
from ml.engine.serving import read_card
from ml.evaluation import degrade

SOURCES = ("ffhq", "lfw", "utkface")
BLENDS = 2
"""Of each face."""
SELF, ANOTHER = 0.45, 0.35
"""Shares of blends with the face itself and with another person's; the others redraw a part."""
REDRAWN = 0.6
"""Of the other person's faces."""
GIVERS = 40
STRENGTH = 0.01
SMALLEST = 96


def altered(store: Store, number: int, same: Sequence[int], random: Generator) -> Pixels:
    """The face after one of the three ways of altering it; `same` are faces of its source."""
    picture, points = np.ascontiguousarray(store.picture(number)), store.points(number)
    way = random.random()
    if way < SELF:
        return blend.self_blend(picture, points, random)[0]
    if way >= SELF + ANOTHER:
        return edits.redrawn(picture, points, random, lambda pixels: pixels)[0]
    some = [int(n) for n in random.choice([n for n in same if n != number], GIVERS)]
    giver = some[foreign.nearest(points, [store.points(n) for n in some])]
    over = foreign.fitted(store.picture(giver), store.points(giver), points, picture.shape)
    if random.random() < REDRAWN:
        over = edits.redrawn_at(over, points, random, lambda pixels: pixels)
    return foreign.put_in(over, picture, points, random)[0]


def fitted(
    features: NDArray[np.float32], fake: NDArray[np.bool_], source: NDArray[np.str_]
) -> Head:
    """A regression on the features as they are, with equal weight for each source."""
    middle = features.mean(0)
    model = LogisticRegression(C=STRENGTH, max_iter=3000)
    model.fit(features - middle, fake, sample_weight=heads.sample_weights(source, fake))
    weight = model.coef_[0]
    return Head(weight.astype(np.float32), float(model.intercept_[0] - middle @ weight))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=550, help="genuine faces of each source")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    store, _ = faces.opened()
    folder = Path(diffusion_face.__path__[0])
    encoder = encoder_of(folder, read_card(folder))
    features, fake, source = [], [], []
    for name in SOURCES:
        chosen = data.select(store.items, split="train", label=data.REAL, sources=(name,))
        same = [n for n in chosen if store.has_face(n)]
        for number in np.random.default_rng(0).permutation(same)[: options.most].tolist():
            picture = np.ascontiguousarray(store.picture(number))
            if min(picture.shape[:2]) < SMALLEST:
                continue
            made = [picture]
            for draw in range(BLENDS):
                made.append(altered(store, number, same, np.random.default_rng([6, number, draw])))
            for pixels in map(np.ascontiguousarray, made):
                seen = degrade.draw(np.random.default_rng([5, number]))(pixels)
                crop = with_margin(as_crop(seen, store.points(number)), MARGIN)
                features.append(encoder.features(np.ascontiguousarray(to_side(crop, SIDE))))
                fake.append(pixels is not picture)
                source.append(name)
        say(f"{name}: {len(features)} faces")
    heads.save(fitted(np.stack(features), np.array(fake), np.array(source)), options.out)


if __name__ == "__main__":
    main()
