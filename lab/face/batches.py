"""Makes one training batch as a pure function of the store, the settings, the seed and the step.

Because nothing else affects it, a resumed run gets the batches that it would have had, and batches
can be made in another process ahead of time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lab.face import blend, crops, data, foreign
from lab.face.config import FaceConfig
from lab.face.redraw import Redrawn
from lab.face.store import Store
from ml.engine.contract import Pixels
from ml.evaluation import degrade

CELL = 8
VISIBLE = 8.0
"""Grey levels by which a fake must differ from its original, on average round a point, for that
point to count as altered."""
CONTEXT = 0.25
"""Room round the landmarks' box in which a blend is made; more than any jitter of the crop."""
DONORS = 40
"""The number of faces from which the one in the most similar pose is taken."""


@dataclass(frozen=True)
class Sample:
    pixels: Pixels
    fake: bool
    where: NDArray[np.float32] | None
    """0..1 for each cell of the map, or None where it is not known."""
    weight: float = 1.0


@dataclass(frozen=True)
class Batch:
    pixels: NDArray[np.uint8]
    labels: NDArray[np.float32]
    weights: NDArray[np.float32]
    maps: NDArray[np.float32]
    map_weights: NDArray[np.float32]


class Pool:
    """The training pictures in which a face was found, ready to be drawn from."""

    def __init__(self, store: Store, config: FaceConfig) -> None:
        self.store, self.config = store, config
        self.redrawn: Redrawn | None = None
        items = store.items
        usable = store.faces

        def numbers(label: str, sources: tuple[str, ...]) -> list[int]:
            chosen = data.select(items, split="train", label=label, sources=sources)
            return [number for number in chosen if usable[number]]

        self.fakes = numbers(data.FAKE, config.fake_sources) if config.pairs else []
        reals = numbers(data.REAL, config.sources)
        self.reals: dict[str, list[int]] = defaultdict(list)
        for number in reals:
            self.reals[items[number].source].append(number)
        self.original = {(items[n].source, items[n].pair): n for n in reals if items[n].pair}
        if not reals or (config.pairs and not self.fakes):
            raise data.ManifestRefused("The training split has no usable faces of each label.")

    @property
    def genuine(self) -> list[int]:
        return sorted(number for numbers in self.reals.values() for number in numbers)

    # --- drawing ---

    def batch(self, step: int) -> Batch:
        random = np.random.default_rng([self.config.seed, step])
        samples: list[Sample] = []
        for _ in range(self.config.pairs):
            samples += self._pair(random)
        for _ in range(self.config.blends):
            samples += self._blend(random)
        return collate(samples, self.config.side)

    def _pair(self, random: Generator) -> list[Sample]:
        fake = self.fakes[int(random.integers(len(self.fakes)))]
        item = self.store.items[fake]
        real = self.original.get((item.source, item.pair))
        own = real is not None and random.random() < self.config.own_original
        if real is None or not own:
            candidates = self.reals.get(item.source) or self._any_source(random)
            real = candidates[int(random.integers(len(candidates)))]
        look, chain = degrade.draw_look(random), degrade.draw(random)
        jitter = crops.draw_jitter(random)
        where = self._difference(fake) if item.checked_pair else None
        weight = 1.0 if item.checked_pair else self.config.unchecked_weight
        other_chain = chain if own else degrade.draw(random)
        other_look = look if own else degrade.draw_look(random)
        pixels, points = self.store.picture(fake), self.store.points(fake)
        return [
            self._sample(pixels, points, True, where, look, chain, jitter, weight),
            self._sample(
                self.store.picture(real), self.store.points(real), False, 0.0,
                other_look, other_chain, jitter,
            ),
        ]  # fmt: skip

    def _blend(self, random: Generator) -> list[Sample]:
        candidates = self._any_source(random)
        number = candidates[int(random.integers(len(candidates)))]
        pixels, points = self._with_room(number)
        look, chain = degrade.draw_look(random), degrade.draw(random)
        jitter = crops.draw_jitter(random)
        fake, mask = self._altered(number, pixels, points, random)
        real = pixels
        if random.random() < self.config.matched_negative:
            real = blend.draw_difference(random)(pixels)
        return [
            self._sample(fake, points, True, mask, look, chain, jitter),
            self._sample(real, points, False, 0.0, look, chain, jitter),
        ]

    def _altered(
        self, number: int, pixels: Pixels, points: NDArray[np.float32], random: Generator
    ) -> tuple[Pixels, NDArray[np.float32]]:
        """The face with a part of itself put in, or of another person's, or of a redrawn one."""
        without = self.config.without_families
        # Without these shares nothing is drawn for them: older runs' batches stay what they were.
        another = self.config.donors > 0 and random.random() < self.config.donors
        redrawn = self.config.redrawn > 0 and random.random() < self.config.redrawn
        if not another and not redrawn:
            return blend.self_blend(pixels, points, random, without=without)
        giver = self._held_alike(points, random) if another else number
        if redrawn:
            if self.redrawn is None:
                raise ValueError("These settings need redrawn faces (redraw.py).")
            inside, theirs = self.redrawn.draw(self.store, giver, random)
        else:
            inside, theirs = self.store.picture(giver), self.store.points(giver)
        over = foreign.fitted(inside, theirs, points, pixels.shape)
        return foreign.put_in(over, pixels, points, random, without=without)

    def _held_alike(self, points: NDArray[np.float32], random: Generator) -> int:
        candidates = self._any_source(random)
        some = [candidates[k] for k in random.integers(len(candidates), size=DONORS)]
        held: int = some[foreign.nearest(points, [self.store.points(n) for n in some])]
        return held

    def _any_source(self, random: Generator) -> list[int]:
        names = sorted(self.reals)
        return self.reals[names[int(random.integers(len(names)))]]

    # --- making ---

    def _with_room(self, number: int) -> tuple[Pixels, NDArray[np.float32]]:
        """The face and some room round it: blending a whole photograph would cost for nothing."""
        pixels, points = self.store.picture(number), self.store.points(number)
        room = crops.Jitter(CONTEXT, CONTEXT, CONTEXT, CONTEXT)
        place = crops.window(points, pixels.shape, room)
        part = np.ascontiguousarray(crops.cut(pixels, place))
        return part, points - np.array(place[:2], np.float32)

    def _difference(self, fake: int) -> NDArray[np.float32] | None:
        item = self.store.items[fake]
        original = self.original.get((item.source, item.pair))
        if original is None:
            return None
        ours, theirs = self.store.picture(fake), self.store.picture(original)
        if ours.shape != theirs.shape:
            return None
        return visible_difference(ours, theirs)

    def _sample(
        self,
        pixels: Pixels,
        points: NDArray[np.float32],
        fake: bool,
        mask: NDArray[np.float32] | float | None,
        look: degrade.Look,
        chain: degrade.Chain,
        jitter: crops.Jitter,
        weight: float = 1.0,
    ) -> Sample:
        place = crops.window(points, pixels.shape, jitter)
        part = np.ascontiguousarray(crops.cut(pixels, place))
        square = crops.to_side(look(chain(part)), self.config.side)
        cells = self.config.side // CELL
        if mask is None:
            where = None
        elif isinstance(mask, float):
            where = np.full((cells, cells), mask, np.float32)
        else:
            inside = np.ascontiguousarray(crops.cut(mask, place))
            small: Any = cv2.resize(inside, (cells, cells), interpolation=cv2.INTER_AREA)
            where = small[:, ::-1] if look.flip else small
        return Sample(square, fake, where, weight)


def visible_difference(fake: Pixels, real: Pixels) -> NDArray[np.float32]:
    """1 where the two visibly differ, 0 elsewhere; specks are ignored."""
    apart = np.abs(fake.astype(np.float32) - real.astype(np.float32)).mean(axis=2)
    smooth = cv2.GaussianBlur(apart, (0, 0), max(fake.shape[0] / 40, 1.0))
    visible: NDArray[np.float32] = (smooth > VISIBLE).astype(np.float32)
    return visible


def collate(samples: list[Sample], side: int) -> Batch:
    cells = (side // CELL) ** 2
    maps = np.zeros((len(samples), cells), np.float32)
    known = np.zeros(len(samples), np.float32)
    for row, sample in enumerate(samples):
        if sample.where is not None:
            maps[row], known[row] = sample.where.reshape(-1), 1.0
    return Batch(
        pixels=np.stack([sample.pixels for sample in samples]),
        labels=np.array([[sample.fake] for sample in samples], np.float32),
        weights=np.array([sample.weight for sample in samples], np.float32),
        maps=np.clip(maps, 0.0, 1.0),
        map_weights=known,
    )
