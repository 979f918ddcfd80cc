"""Training data of the mouth network: altered faces with their originals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lab.face import blend, crops, foreign
from lab.face.blend import Mask, Points
from lab.face.store import Store
from lab.mouths import controls, programs
from lab.mouths.programs import Drawer
from ml.engine.contract import Pixels
from ml.engine.detectors.mouth_forgery.region import LOWER
from ml.engine.media.crops import CONTEXT
from ml.evaluation import degrade

SIDE, CELL = 160, 8
SHARES = {"news": 0.36, "dfdc": 0.22, "ffhq": 0.14, "lfw": 0.14, "utkface": 0.14}
"""The shares of altered genuine faces, by source."""
JITTER = 0.06
CONTROLS = 0.5
"""The share of pairs whose original gets a harmless change. Half of their fakes get it too."""
BLENDS = 0.15
"""The share of fakes without a drawing network: the face's own lower part, slightly changed."""
ANOTHER = 0.3
"""The share of images, which have no other moment, that get another person's lower face."""


@dataclass(frozen=True)
class Batch:
    """Altered faces first, then their originals in the same order."""

    pixels: NDArray[np.uint8]
    maps: NDArray[np.float32]


class Maker:
    def __init__(self, store: Store, drawers: Mapping[str, Drawer], seed: int) -> None:
        self.store, self.drawers, self.seed = store, drawers, seed
        self.by_source: dict[str, list[int]] = defaultdict(list)
        self.clips: dict[str, list[int]] = defaultdict(list)
        for number, item in enumerate(store.items):
            wanted = item.split == "train" and not item.is_fake and item.source in SHARES
            if wanted and store.has_face(number):
                self.by_source[item.source].append(number)
                if item.source == "news":
                    self.clips[item.pair].append(number)

    def batch(self, step: int, pairs: int) -> Batch:
        random = np.random.default_rng([self.seed, step])
        made = [self._pair(random) for _ in range(pairs)]
        squares = [pair[0] for pair in made] + [pair[1] for pair in made]
        return Batch(np.stack(squares), np.stack([pair[2] for pair in made]))

    def _pair(self, random: Generator) -> tuple[Pixels, Pixels, NDArray[np.float32]]:
        names = list(SHARES)
        source = names[int(random.choice(len(names), p=list(SHARES.values())))]
        numbers = self.by_source[source]
        number = numbers[int(random.integers(len(numbers)))]
        real, points = self._with_room(number)
        fake, mask = self._altered(number, real, points, random)
        if random.random() < CONTROLS:
            change = controls.drawn(random)
            if random.random() < 0.5:
                fake = change(fake, points)
            real = change(real, points)
        look, chain = degrade.draw_look(random), degrade.draw(random, untouched=0.25)
        beyond = random.uniform(-JITTER, JITTER, 4)
        jitter = crops.Jitter(
            *(float(a + b) for a, b in zip(
                (LOWER.left, LOWER.top, LOWER.right, LOWER.bottom), beyond, strict=True
            ))
        )  # fmt: skip
        place = crops.window(points, real.shape, jitter)
        squares = [
            crops.to_side(look(np.ascontiguousarray(crops.cut(chain(one), place))), SIDE)
            for one in (fake, real)
        ]
        cells = SIDE // CELL
        inside = np.ascontiguousarray(crops.cut(mask, place), dtype=np.float32)
        small = np.asarray(
            cv2.resize(inside, (cells, cells), interpolation=cv2.INTER_AREA), np.float32
        )
        return squares[0], squares[1], small[:, ::-1] if look.flip else small

    def _altered(
        self, number: int, pixels: Pixels, points: Points, random: Generator
    ) -> tuple[Pixels, Mask]:
        if random.random() < BLENDS:
            family = str(random.choice(("mouth", "lower_face")))
            return blend.self_blend(pixels, points, random, family=family)
        other, theirs = self._other(number, pixels, points, random)
        return programs.drawn(random, self.drawers)(pixels, points, other, theirs)

    def _other(
        self, number: int, pixels: Pixels, points: Points, random: Generator
    ) -> tuple[Pixels, Points]:
        item = self.store.items[number]
        if item.source == "news":
            some = self.clips[item.pair]
            return self._with_room(some[int(random.integers(len(some)))])
        if random.random() < ANOTHER:
            numbers = self.by_source[item.source]
            some = [numbers[int(n)] for n in random.integers(len(numbers), size=24)]
            at = foreign.nearest(points, [self.store.points(n) for n in some])
            return self._with_room(some[at])
        return pixels, points

    def _with_room(self, number: int) -> tuple[Pixels, Points]:
        pixels, points = self.store.picture(number), self.store.points(number)
        place = crops.window(points, pixels.shape, crops.Jitter(*(CONTEXT,) * 4))
        part = np.ascontiguousarray(crops.cut(pixels, place), dtype=np.uint8)
        return part, points - np.array(place[:2], np.float32)
