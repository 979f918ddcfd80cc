"""Makes altered faces other than swaps: mouths of another moment, and parts redrawn by an
autoencoder.

Programs that animate lips insert a redrawn lower face into each frame, often at 96 pixels and as a
box with soft edges. `lips` does the same with the lower face of another moment of the same clip,
and `redrawn` with any part of any face.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lab.face import blend, foreign
from lab.face.blend import Mask, Points
from lab.face.store import Store
from ml.engine.contract import Pixels

Render = Callable[[Pixels], Pixels]
LIP_MASKS = ("mouth", "lower_face", "box")
SIDES = (64, 80, 96, 112, 128)
"""At which programs draw a face."""
NOSE_TIP = 4
STEP = 8
"""Sides that the autoencoder takes are multiples of it."""


def moments(store: Store, numbers: Sequence[int]) -> dict[str, list[int]]:
    """Pictures of the same clip, by clip; those that have no other are left out."""
    found: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        if store.items[number].pair:
            found[store.items[number].pair].append(number)
    return {name: some for name, some in found.items() if len(some) > 1}


def lips(
    pixels: Pixels, points: Points, other: Pixels, theirs: Points, random: Generator,
    render: Render,
) -> tuple[Pixels, Mask]:  # fmt: skip
    """The lower face of another moment, nearly always redrawn."""
    over = foreign.fitted(other, theirs, points, pixels.shape)
    if random.random() < 0.85:
        over = redrawn_at(over, points, random, render)
    kind = str(random.choice(LIP_MASKS))
    mask = (
        _box(points, pixels.shape, random) if kind == "box" else _mask(kind, points, pixels, random)
    )
    over = foreign.with_colours_of(over, pixels, mask, float(random.uniform(0.3, 1.0)))
    return blend.mixed(over, pixels, mask), mask


def redrawn(
    pixels: Pixels, points: Points, random: Generator, render: Render,
    without: Collection[str] = (),
) -> tuple[Pixels, Mask]:  # fmt: skip
    """A redrawn part of the face itself."""
    over = redrawn_at(pixels, points, random, render)
    mask = blend.draw_mask(points, pixels.shape, random, foreign.RATIOS, without=without)
    return blend.mixed(over, pixels, mask), mask


def redrawn_at(pixels: Pixels, points: Points, random: Generator, render: Render) -> Pixels:
    """The face at a program's size through `render` (or only through that size) and back."""
    height, width = pixels.shape[:2]
    face = float((points.max(axis=0) - points.min(axis=0)).max())
    scale = min(float(random.choice(SIDES)) / max(face, 1.0), 1.0)
    small = [max(round(side * scale / STEP) * STEP, 2 * STEP) for side in (width, height)]
    drawn = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    drawn = render(np.asarray(drawn, np.uint8)) if random.random() < 0.6 else drawn
    how = int(random.choice((cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_LANCZOS4)))
    back = np.asarray(cv2.resize(drawn, (width, height), interpolation=how), np.uint8)
    if random.random() < 0.3:  # many programs sharpen what they drew
        soft = cv2.GaussianBlur(back, (0, 0), 1.0)
        amount = float(random.uniform(0.2, 1.0))
        back = np.asarray(cv2.addWeighted(back, 1 + amount, soft, -amount, 0), np.uint8)
    return back


def _mask(kind: str, points: Points, pixels: Pixels, random: Generator) -> Mask:
    return blend.draw_mask(points, pixels.shape, random, (1.0,), family=kind)


def _box(points: Points, shape: tuple[int, ...], random: Generator) -> Mask:
    """All below the nose, as wide as the face."""
    low, high = points.min(axis=0), points.max(axis=0)
    side = float((high - low).max())
    top = int(points[NOSE_TIP, 1] + random.uniform(-0.05, 0.08) * side)
    inward = random.uniform(0, 0.15) * (high[0] - low[0])
    mask: NDArray[np.float32] = np.zeros(shape[:2], np.float32)
    mask[
        max(top, 0) : max(int(high[1]), 1), max(int(low[0] + inward), 0) : int(high[0] - inward)
    ] = 1
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), float(random.uniform(0.005, 0.04)) * side))
