"""Makes fakes with foreign content: another person's face, or a redrawn one.

A picture blended with itself shows only the seam. Most programs insert more than that: another
person's features, in another camera's light, redrawn with less detail than a camera records
(`redraw.py`). Here the inserted face is aligned by its landmarks, its colours are matched more or
less well to the surroundings, and it is blended with the same masks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lab.face import blend
from lab.face.blend import Mask, Points
from ml.engine.contract import Pixels

RATIOS = (0.75, 1.0, 1.0, 1.0)
"""A face that shines through another one is rare among programs, so faint mixes are few."""
OUTLINE = slice(None, 468, 6)
"""Every sixth landmark is enough to compare the poses of two faces."""


def pose(points: Points) -> NDArray[np.float32]:
    """How a face is held and shaped, whatever its size and place in the picture."""
    chosen = points[OUTLINE]
    low, high = points.min(axis=0), points.max(axis=0)
    return np.asarray((chosen - low) / np.maximum(high - low, 1.0), np.float32)


def nearest(target: Points, candidates: Sequence[Points]) -> int:
    """Which of them is held most like the target: a profile in a frontal face fools nobody."""
    wanted = pose(target)
    return int(np.argmin([float(np.square(pose(each) - wanted).mean()) for each in candidates]))


def fitted(pixels: Pixels, points: Points, target: Points, shape: tuple[int, ...]) -> Pixels:
    """The donor's picture moved, turned and stretched until its face lies over the target's."""
    source = np.c_[points[:468], np.ones(468, np.float32)]
    move, *_ = np.linalg.lstsq(source, target[:468], rcond=None)
    return np.asarray(
        cv2.warpAffine(
            pixels,
            move.T.astype(np.float64),
            (int(shape[1]), int(shape[0])),
            flags=cv2.INTER_AREA if abs(np.linalg.det(move[:2])) < 0.6 else cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        ),
        np.uint8,
    )


def with_colours_of(inside: Pixels, outside: Pixels, mask: Mask, strength: float) -> Pixels:
    """Mean and spread of light and colour under the mask as in the picture round it, by so much."""
    ours = cv2.cvtColor(inside, cv2.COLOR_RGB2LAB).astype(np.float32)
    theirs = cv2.cvtColor(outside, cv2.COLOR_RGB2LAB).astype(np.float32)
    under = mask > 0.2 * max(float(mask.max()), 1e-6)
    if not under.any():
        return inside
    mean, spread = ours[under].mean(axis=0), ours[under].std(axis=0)
    wanted_mean, wanted_spread = theirs[under].mean(axis=0), theirs[under].std(axis=0)
    share = np.clip(wanted_spread / np.maximum(spread, 1.0), 0.5, 2.0)
    matched = (ours - mean) * share + wanted_mean
    lab = np.clip(ours + (matched - ours) * strength, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def put_in(
    inside: Pixels,
    outside: Pixels,
    points: Points,
    random: Generator,
    *,
    family: str | None = None,
    without: Collection[str] = (),
) -> tuple[Pixels, Mask]:
    """What lies over the face already, blended into it: the fake, and where it was altered."""
    mask = blend.draw_mask(points, outside.shape, random, RATIOS, family=family, without=without)
    inside = with_colours_of(inside, outside, mask, float(random.uniform(0.4, 1.0)))
    if random.random() < 0.5:
        inside = blend.draw_difference(random)(inside)
    return blend.mixed(inside, outside, mask), mask
