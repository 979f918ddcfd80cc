"""Makes temporal pseudo-fakes: a real face in motion, changed inside a mask, differently in each
frame.

Programs that work frame by frame leave a face that trembles, flickers or slides against its head;
others freeze a face or interpolate frames. Each kind here does one of these to a real talk. Mask
family and differences of colour and sharpness come from `blend`, which does the same for single
pictures. The same seed gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lab.face import blend
from lab.face.blend import Mask, Points
from ml.engine.contract import Pixels

Frames = Sequence[Pixels]
Tracked = Sequence[Points]
"""Points of every frame, 478 x 2."""

GROUPS = {
    "whole": ("whole_face", "without_forehead"),
    "middle": ("components", "inner_face"),
    "mouth": ("mouth", "lower_face"),
    "parts": ("eyes", "nose", "half_face"),
}
"""Similar mask families, which are held out together."""
FAMILIES = tuple(family for group in GROUPS.values() for family in group)
ROOM = 0.25
"""Kept round the face while it is worked on."""


def group_of(family: str) -> str:
    return next(group for group, families in GROUPS.items() if family in families)


def fake(
    frames: Frames, points: Tracked, kind: str, family: str, random: Generator
) -> list[Pixels]:
    """All frames, with the face inside a mask of this family changed in this kind's way."""
    left, top, right, bottom = _round(points, frames[0].shape)
    parts = [np.ascontiguousarray(frame[top:bottom, left:right]) for frame in frames]
    moved = [(p - (left, top)).astype(np.float32) for p in points]
    changed = KINDS[kind](parts, moved, family, random)
    found = []
    for frame, part in zip(frames, changed, strict=True):
        whole = frame.copy()
        whole[top:bottom, left:right] = part
        found.append(whole)
    return found


def _round(points: Tracked, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    every = np.concatenate([p[:, :2] for p in points])
    low, high = every.min(axis=0), every.max(axis=0)
    margin = ROOM * (high - low).max()
    left, top = (max(int(v), 0) for v in low - margin)
    right, bottom = (int(np.ceil(v)) for v in high + margin)
    return left, top, min(right, shape[1]), min(bottom, shape[0])


def _side(points: Points) -> float:
    return float(np.ptp(points, axis=0).max())


def _mask(part: Pixels, points: Points, family: str, seed: int) -> Mask:
    """The same seed gives the same family's mask wherever the face is."""
    random = np.random.default_rng(seed)
    shape = (part.shape[0], part.shape[1])
    hard = blend.FAMILIES[family][0](points, shape, random)
    return blend.soft_mask(hard, _side(points), random)


def _masks(parts: Frames, points: Tracked, family: str, seed: int) -> list[Mask]:
    """One mask that goes with the head."""
    first = _mask(parts[0], points[0], family, seed)
    return [first, *(_laid(first, points[0], here) for here in points[1:])]


def _mixed(inside: Pixels, outside: Pixels, mask: Mask) -> Pixels:
    share = mask[..., None]
    together: Pixels = np.rint(inside * share + outside * (1.0 - share)).astype(np.uint8)
    return together


def _lasting_difference(random: Generator, often: float = 0.6) -> Callable[[Pixels], Pixels]:
    """What a swapped face differs by throughout; not all differ visibly."""
    change = blend.draw_difference(random)
    return change if random.random() < often else lambda pixels: pixels


def _seed(random: Generator) -> int:
    return int(random.integers(2**31))


# === Kinds ===


def blended_anew(parts: Frames, points: Tracked, family: str, random: Generator) -> list[Pixels]:
    """Every frame separately: mask, colour, sharpness and position redrawn at partial strength.
    Only the inside is changed, or the edge of the working area would show."""
    strength = float(random.uniform(0.25, 1.0))
    found = []
    for part, at in zip(parts, points, strict=True):
        change, seed = blend.draw_difference(random), _seed(random)
        inside = _moved(change(part), at, 0.01, random)
        found.append(_mixed(inside, part, strength * _mask(part, at, family, seed)))
    return found


def _moved(part: Pixels, points: Points, most: float, random: Generator) -> Pixels:
    """A little to one side, turned, and of another size; `most` is a share of the face."""
    x, y = (float(v) for v in points.mean(axis=0))
    turn: Any = cv2.getRotationMatrix2D(
        (x, y), float(random.normal(0, 60 * most)), float(1 + random.normal(0, most))
    )
    turn[:, 2] += random.normal(0, most * _side(points), 2)
    moved = cv2.warpAffine(part, turn, part.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8)


def colour(parts: Frames, points: Tracked, family: str, random: Generator) -> list[Pixels]:
    """Light and tint inside flicker."""
    change, seed = _lasting_difference(random), _seed(random)
    light, tint = random.uniform(0.008, 0.05), random.uniform(0.0, 0.02)
    found = []
    for part, hard in zip(parts, _masks(parts, points, family, seed), strict=True):
        gain = 1.0 + random.normal(0, light) + random.normal(0, tint, 3)
        inside = np.clip(change(part) * gain, 0, 255).astype(np.uint8)
        found.append(_mixed(inside, part, hard))
    return found


def sharpness(parts: Frames, points: Tracked, family: str, random: Generator) -> list[Pixels]:
    """Inside is now sharper, now softer."""
    change, seed = _lasting_difference(random), _seed(random)
    most = random.uniform(0.8, 2.2)
    found = []
    for part, hard in zip(parts, _masks(parts, points, family, seed), strict=True):
        inside, amount = change(part), random.uniform(-0.8, most)
        if amount > 0.2:
            inside = cv2.GaussianBlur(inside, (0, 0), amount).astype(np.uint8)
        elif amount < 0:
            soft = cv2.GaussianBlur(inside, (0, 0), 1.0)
            inside = cv2.addWeighted(inside, 1.0 - amount, soft, amount, 0).astype(np.uint8)
        found.append(_mixed(inside, part, hard))
    return found


def place(parts: Frames, points: Tracked, family: str, random: Generator) -> list[Pixels]:
    """The inside trembles: slightly moved, rotated and bent in each frame."""
    change, seed = _lasting_difference(random), _seed(random)
    most = random.uniform(0.004, 0.02)
    masks = _masks(parts, points, family, seed)
    found = []
    for part, at, hard in zip(parts, points, masks, strict=True):
        inside = _moved(change(part), at, most, random)
        if random.random() < 0.5:
            inside = _bent(inside, 0.6 * most * _side(at), random)
        found.append(_mixed(inside, part, hard))
    return found


def _bent(pixels: NDArray[np.uint8], most: float, random: Generator) -> Pixels:
    height, width = pixels.shape[:2]
    coarse = random.standard_normal((2, 4, 4)).astype(np.float32) * most
    x, y = (cv2.resize(f, (width, height), interpolation=cv2.INTER_CUBIC) for f in coarse)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    bent = cv2.remap(pixels, columns + x, rows + y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(bent, np.uint8)


def mask(parts: Frames, points: Tracked, family: str, random: Generator) -> list[Pixels]:
    """A constant difference whose edge is redrawn in each frame."""
    change = _lasting_difference(random, often=1.0)
    return [
        _mixed(change(part), part, _mask(part, at, family, _seed(random)))
        for part, at in zip(parts, points, strict=True)
    ]


def drift(parts: Frames, points: Tracked, family: str, random: Generator) -> list[Pixels]:
    """Size, place and colour of what is inside slide slowly, as an identity that is not held."""
    change, seed = _lasting_difference(random), _seed(random)
    grown, gain = random.uniform(-0.08, 0.08), random.uniform(-0.1, 0.1, 3)
    slid = random.uniform(-0.05, 0.05, 2)
    turns, begins = random.uniform(0.5, 1.5), random.uniform(0, 2 * np.pi)
    masks = _masks(parts, points, family, seed)
    found = []
    for number, (part, at) in enumerate(zip(parts, points, strict=True)):
        share = float(np.sin(begins + 2 * np.pi * turns * number / len(parts)))
        x, y = at.mean(axis=0)
        size, (across, down) = 1 + share * grown, share * slid * _side(at)
        move = np.array([[size, 0, across + (1 - size) * x], [0, size, down + (1 - size) * y]])
        inside: Any = cv2.warpAffine(
            change(part), move, part.shape[1::-1], borderMode=cv2.BORDER_REFLECT
        )
        inside = np.clip(inside * (1 + share * gain), 0, 255).astype(np.uint8)
        found.append(_mixed(inside, part, masks[number]))
    return found


def frozen(parts: Frames, points: Tracked, family: str, random: Generator) -> list[Pixels]:
    """The inside freezes for a few frames while the head moves on."""
    change, seed = _lasting_difference(random), _seed(random)
    follows = bool(random.random() < 0.6)
    held, left = 0, 0
    masks = _masks(parts, points, family, seed)
    found = []
    for number, (part, at) in enumerate(zip(parts, points, strict=True)):
        if left == 0:
            held, left = number, int(random.integers(1, 7))
        left -= 1
        inside = parts[held]
        if follows and held != number:
            inside = _carried(inside, points[held], at)
        found.append(_mixed(change(inside), part, masks[number]))
    return found


def between(parts: Frames, points: Tracked, family: str, random: Generator) -> list[Pixels]:
    """Only every second to fourth face is real; those between are mixed from their neighbours."""
    change, seed = _lasting_difference(random), _seed(random)
    every = int(random.integers(2, 5))
    last = len(parts) - 1
    masks = _masks(parts, points, family, seed)
    found = []
    for number, (part, at) in enumerate(zip(parts, points, strict=True)):
        one = number - number % every
        other = min(one + every, last)
        inside = part
        if number != one and other != one:
            share = (number - one) / (other - one)
            first = _carried(parts[one], points[one], at)
            second = _carried(parts[other], points[other], at)
            inside = cv2.addWeighted(first, 1 - share, second, share, 0).astype(np.uint8)
        found.append(_mixed(change(inside), part, masks[number]))
    return found


STEADY = (33, 133, 362, 263, 168, 1, 98, 327, 234, 454)


def _carried(part: Pixels, there: Points, here: Points) -> Pixels:
    return np.asarray(_laid(part, there, here, cv2.BORDER_REFLECT), np.uint8)


def _laid(
    part: NDArray[Any], there: Points, here: Points, border: int = cv2.BORDER_CONSTANT
) -> NDArray[Any]:
    """Laid where the head is now, by points that expressions hardly move."""
    move, _ = cv2.estimateAffinePartial2D(there[list(STEADY)], here[list(STEADY)])
    if move is None:
        return part
    return np.asarray(cv2.warpAffine(part, move, part.shape[1::-1], borderMode=border))


Kind = Callable[[Frames, Tracked, str, Generator], list[Pixels]]
KINDS: dict[str, Kind] = {
    "blended anew": blended_anew,
    "colour": colour,
    "sharpness": sharpness,
    "place": place,
    "mask": mask,
    "drift": drift,
    "frozen": frozen,
    "between": between,
}
IN_WORDS = {
    "blended anew": "that were inserted separately in each frame",
    "colour": "whose light or tint flickers",
    "sharpness": "whose sharpness varies",
    "place": "that tremble against the head",
    "mask": "whose inserted edge changes",
    "drift": "whose size, position or colour drifts slowly",
    "frozen": "that freeze for a few frames",
    "between": "that are blended from the frames before and after",
}
"""Faces ... : how the card and the check speak of a kind."""
