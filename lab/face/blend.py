"""Makes fakes of one real picture: a part of the face is cut out, changed a little and put back.

A swapped, re-enacted or mouth-edited face, whatever made it, combines two pictures: their colour,
sharpness, noise and compression differ, and there is a seam. A picture blended with itself shows
exactly that and nothing else. The blend is made at the picture's own size, because a resize would
remove the seam.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import cast

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ml.engine.contract import Pixels
from ml.evaluation import degrade

Points = NDArray[np.float32]
Mask = NDArray[np.float32]

# Landmark numbers of the face mesh.
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
EYES = (
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
)
BROWS = (
    (276, 283, 282, 295, 285, 300, 293, 334, 296, 336),
    (46, 53, 52, 65, 55, 70, 63, 105, 66, 107),
)
NOSE = (168, 6, 197, 195, 5, 4, 1, 19, 94, 2, 98, 97, 326, 327, 48, 278, 64, 294, 129, 358)
JAW = (93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323)
BROW_LINE = BROWS[0] + BROWS[1]
FOREHEAD_TOP, CHIN = 10, 152


# === Mask families ===


def _fill(shape: tuple[int, int], *groups: Points) -> Mask:
    mask = np.zeros(shape, np.uint8)
    for group in groups:
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(group).astype(np.int32)), 255)
    return mask.astype(np.float32) / 255.0


def _grown(group: Points, factor: float) -> Points:
    middle = group.mean(axis=0)
    grown: Points = (group - middle) * factor + middle
    return grown


def whole_face(points: Points, shape: tuple[int, int], random: Generator) -> Mask:
    return _fill(shape, points[list(OVAL)])


def without_forehead(points: Points, shape: tuple[int, int], random: Generator) -> Mask:
    return _fill(shape, points[list(JAW + BROW_LINE)])


def components(points: Points, shape: tuple[int, int], random: Generator) -> Mask:
    grow = float(random.uniform(1.1, 1.5))
    parts = [points[list(EYES[side] + BROWS[side])] for side in (0, 1)]
    parts += [points[list(NOSE)], points[list(LIPS)]]
    return _fill(shape, *(_grown(part, grow) for part in parts))


def inner_face(points: Points, shape: tuple[int, int], random: Generator) -> Mask:
    inner = points[list(LIPS + NOSE + BROW_LINE + EYES[0] + EYES[1])]
    return _fill(shape, _grown(inner, float(random.uniform(1.0, 1.15))))


def mouth(points: Points, shape: tuple[int, int], random: Generator) -> Mask:
    return _fill(shape, _grown(points[list(LIPS)], float(random.uniform(1.2, 2.2))))


def lower_face(points: Points, shape: tuple[int, int], random: Generator) -> Mask:
    tip = points[[4, 98, 327]]
    return _fill(shape, np.concatenate([points[list(JAW)], tip]))


def eyes(points: Points, shape: tuple[int, int], random: Generator) -> Mask:
    grow = float(random.uniform(1.2, 1.8))
    return _fill(shape, *(_grown(points[list(EYES[s] + BROWS[s])], grow) for s in (0, 1)))


def nose(points: Points, shape: tuple[int, int], random: Generator) -> Mask:
    return _fill(shape, _grown(points[list(NOSE)], float(random.uniform(1.1, 1.6))))


def half_face(points: Points, shape: tuple[int, int], random: Generator) -> Mask:
    """One side of the line from forehead to chin."""
    mask = whole_face(points, shape, random)
    top, chin = points[FOREHEAD_TOP], points[CHIN]
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    side = (columns - top[0]) * (chin[1] - top[1]) - (rows - top[1]) * (chin[0] - top[0])
    keep = side > 0 if random.random() < 0.5 else side < 0
    half: Mask = mask * keep.astype(np.float32)
    return half


Family = Callable[[Points, "tuple[int, int]", Generator], Mask]
FAMILIES: dict[str, tuple[Family, float]] = {
    "whole_face": (whole_face, 0.25),
    "without_forehead": (without_forehead, 0.22),
    "components": (components, 0.15),
    "inner_face": (inner_face, 0.13),
    "mouth": (mouth, 0.08),
    "lower_face": (lower_face, 0.06),
    "eyes": (eyes, 0.04),
    "nose": (nose, 0.02),
    "half_face": (half_face, 0.05),
}
RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)


def soft_mask(hard: Mask, side: float, random: Generator) -> Mask:
    """Edges bent by a smooth random field, then blurred; 1 inside, 0 outside. `side` is the
    face's, so that a face in a wide picture is treated like one in a narrow crop."""
    height, width = hard.shape
    if random.random() < 0.7:
        coarse = random.standard_normal((2, 8, 8)).astype(np.float32) * (0.02 * side)
        bend = [
            cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC) for field in coarse
        ]
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        bent = cv2.remap(hard, columns + bend[0], rows + bend[1], cv2.INTER_LINEAR)
        hard = cast("Mask", bent)
    inner = float(random.uniform(0.005, 0.03)) * side
    outer = float(random.uniform(0.004, 0.05)) * side
    blurred = cv2.GaussianBlur(hard, (0, 0), inner)
    # Measured by its own peak: a small nose must not vanish and leave a fake with nothing in it.
    core = (blurred > 0.8 * blurred.max()).astype(np.float32)
    soft = cv2.GaussianBlur(core, (0, 0), outer)
    return np.asarray(soft / max(float(soft.max()), 1e-6), np.float32)


# === What makes the two halves differ ===


def draw_difference(random: Generator) -> Callable[[Pixels], Pixels]:
    """Colour and light always, and most times one thing more; a function to be used on a whole
    picture too, as a negative that has gone through the same."""
    hue = float(random.uniform(-6, 6))
    saturation, value = random.uniform(0.8, 1.25), random.uniform(0.88, 1.12)
    gain = random.uniform(0.93, 1.07, 3).astype(np.float32)
    more: list[tuple[str, float]] = []
    luck = random.random()
    if luck < 0.35:
        more.append(("scale", 1.0 / random.uniform(1.3, 4.0)))
    elif luck < 0.55:
        more.append(("sharpen", random.uniform(0.3, 1.2)))
    elif luck < 0.7:
        more.append(("blur", random.uniform(0.4, 1.4)))
    if random.random() < 0.25:
        more.append(("noise", random.uniform(1.0, 5.0)))
    if random.random() < 0.3:
        more.append(("jpeg", random.uniform(45.0, 92.0)))
    chain = degrade.Chain(tuple(more), int(random.integers(2**31)))

    def change(pixels: Pixels) -> Pixels:
        hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV).astype(np.float32)
        hsv[..., 0] = (hsv[..., 0] + hue) % 180
        hsv[..., 1:] = np.clip(hsv[..., 1:] * (saturation, value), 0, 255)
        coloured = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB) * gain
        return chain(np.clip(coloured, 0, 255).astype(np.uint8))

    return change


def _shifted(
    pixels: Pixels, mask: Mask, side: float, middle: Points, random: Generator
) -> tuple[Pixels, Mask]:
    height, width = mask.shape
    size = float(random.uniform(0.96, 1.05))
    across = float(random.uniform(-0.03, 0.03)) * side
    down = float(random.uniform(-0.02, 0.02)) * side
    x, y = middle
    move = np.array([[size, 0, across + (1 - size) * x], [0, size, down + (1 - size) * y]])
    moved = cv2.warpAffine(pixels, move, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8), np.asarray(cv2.warpAffine(mask, move, (width, height)))


def self_blend(
    pixels: Pixels,
    points: Points,
    random: Generator,
    *,
    family: str | None = None,
    without: Collection[str] = (),
) -> tuple[Pixels, Mask]:
    """A pseudo-fake and where, and how strongly, it was altered (0..1). Of the family that is
    named, or of any but those in `without`."""
    mask = draw_mask(points, pixels.shape, random, RATIOS, family=family, without=without)
    low, high = points.min(axis=0), points.max(axis=0)
    inside, outside = pixels, pixels
    change = draw_difference(random)
    if random.random() < 0.5:
        inside = change(pixels)
    else:
        outside = change(pixels)
    side = float((high - low).max())
    inside, mask = _shifted(inside, mask, side, (low + high) / 2, random)
    return mixed(inside, outside, mask), mask


def draw_mask(
    points: Points,
    shape: tuple[int, ...],
    random: Generator,
    ratios: Sequence[float],
    *,
    family: str | None = None,
    without: Collection[str] = (),
) -> Mask:
    """Where something is put in: a part of the face with a soft edge, more or less opaque."""
    if family is None:
        names = [name for name in FAMILIES if name not in without]
        weights = np.array([FAMILIES[name][1] for name in names])
        family = names[int(random.choice(len(names), p=weights / weights.sum()))]
    hard = FAMILIES[family][0](points, (shape[0], shape[1]), random)
    side = float((points.max(axis=0) - points.min(axis=0)).max())
    return soft_mask(hard, side, random) * float(random.choice(ratios))


def mixed(inside: Pixels, outside: Pixels, mask: Mask) -> Pixels:
    share = mask[..., None]
    together: Pixels = np.rint(inside * share + outside * (1.0 - share)).astype(np.uint8)
    return together
