"""Does to a frame what programs that animate lips do, to make fakes with any settings.

A box round the face is brought to the side at which a program draws. Its lower half is drawn anew
there, with the mouth of another moment. The result is brought back to the frame's size and put in:
the whole box, its lower half, or the lower face alone, with or without a soft edge and with colours
matched more or less well. `Program` is drawn once for a film, so that all its frames look alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from lab.face import blend, foreign
from lab.face.blend import Mask, Points
from ml.engine.contract import Pixels

Drawer = Callable[[Pixels, Pixels], Pixels]
"""Both of one side: the frame's face and what lies over it; what a program makes of them."""
WHOLE_BOX, LOWER_HALF, LOWER_FACE = "whole box", "lower half of the box", "lower face"
MIDDLE = 0.5
"""The height in the box below which everything is redrawn."""
INTERPOLATIONS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


@dataclass(frozen=True)
class Program:
    part: str
    side: int
    draw: Drawer
    room: tuple[float, float, float, float]
    """Left, top, right, bottom: the box beyond the landmarks, in shares of their extent."""
    feather: float
    """The width of the soft edge as a share of the box; 0 is a hard edge."""
    colours: float
    """How far the colours are brought to those round it."""
    sharpened: float
    interpolation: int
    seed: int

    def __call__(
        self, frame: Pixels, points: Points, other: Pixels, theirs: Points
    ) -> tuple[Pixels, Mask]:
        """The altered frame, and where it was altered."""
        left, top, right, bottom = box(points, frame.shape, self.room)
        over = foreign.fitted(other, theirs, points, frame.shape)
        size = (self.side, self.side)
        here, there = (
            np.asarray(
                cv2.resize(one[top:bottom, left:right], size, interpolation=cv2.INTER_AREA),
                np.uint8,
            )
            for one in (frame, over)
        )
        drawn = self.draw(here, there)
        back = np.asarray(
            cv2.resize(drawn, (right - left, bottom - top), interpolation=self.interpolation),
            np.uint8,
        )
        if self.sharpened:
            soft = cv2.GaussianBlur(back, (0, 0), 1.0)
            back = np.asarray(
                cv2.addWeighted(back, 1 + self.sharpened, soft, -self.sharpened, 0), np.uint8
            )
        inside = frame.copy()
        inside[top:bottom, left:right] = back
        mask = self._mask(points, frame.shape, (left, top, right, bottom))
        if self.colours:
            inside = foreign.with_colours_of(inside, frame, mask, self.colours)
        return blend.mixed(inside, frame, mask), mask

    def _mask(
        self, points: Points, shape: tuple[int, ...], place: tuple[int, int, int, int]
    ) -> Mask:
        left, top, right, bottom = place
        if self.part == LOWER_FACE:
            random = np.random.default_rng(self.seed)
            mask = blend.lower_face(points, (shape[0], shape[1]), random)
        else:
            first = top if self.part == WHOLE_BOX else round(top + MIDDLE * (bottom - top))
            mask = np.zeros(shape[:2], np.float32)
            mask[first:bottom, left:right] = 1
        if self.feather:
            width = max(self.feather * (bottom - top), 0.5)
            inner = cv2.erode(mask, np.ones((2 * round(1.5 * width) + 1,) * 2))
            mask = np.asarray(cv2.GaussianBlur(inner, (0, 0), width), np.float32)
        return mask


def drawn(
    random: Generator,
    drawers: Mapping[str, Drawer],
    *,
    parts: Sequence[str] = (WHOLE_BOX, LOWER_HALF),
    sides: Sequence[int] = (96, 128),
) -> Program:
    """One program, with all that differs between them drawn."""
    part = str(random.choice(list(parts)))
    names = sorted(drawers)
    room = (
        *random.uniform(-0.02, 0.10, 1), *random.uniform(-0.05, 0.12, 1),
        *random.uniform(-0.02, 0.10, 1), *random.uniform(0.0, 0.14, 1),
    )  # fmt: skip
    hard = part == WHOLE_BOX and random.random() < 0.5
    return Program(
        part=part,
        side=int(random.choice(list(sides))),
        draw=drawers[names[int(random.integers(len(names)))]],
        room=(float(room[0]), float(room[1]), float(room[2]), float(room[3])),
        feather=0.0 if hard or random.random() < 0.2 else float(random.uniform(0.005, 0.06)),
        colours=float(random.choice((0.0, 0.0, 0.5, 1.0))),
        sharpened=float(random.uniform(0.2, 1.0)) if random.random() < 0.25 else 0.0,
        interpolation=int(random.choice(INTERPOLATIONS)),
        seed=int(random.integers(2**31)),
    )


def box(
    points: Points, shape: tuple[int, ...], room: tuple[float, float, float, float]
) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in whole pixels, cut to the picture."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    width, height = high - low
    left, top = low[0] - room[0] * width, low[1] - room[1] * height
    right, bottom = high[0] + room[2] * width, high[1] + room[3] * height
    place = (max(round(float(left)), 0), max(round(float(top)), 0))
    ends = (min(round(float(right)), shape[1]), min(round(float(bottom)), shape[0]))
    if min(ends[0] - place[0], ends[1] - place[1]) < 16:
        return 0, 0, int(shape[1]), int(shape[0])
    return (*place, *ends)


def joined(here: Pixels, there: Pixels) -> Pixels:
    """The upper half of one, the lower half of the other, with a short passage between them."""
    side = len(here)
    rows = (np.arange(side, dtype=np.float32) - MIDDLE * side) / (0.08 * side) + 0.5
    below = np.clip(rows, 0, 1)[:, None, None]
    return np.asarray(here * (1 - below) + there * below + 0.5, np.uint8)


def plain(here: Pixels, there: Pixels) -> Pixels:
    """Nothing drawn: the trace is the way through a smaller size."""
    return joined(here, there)


def smeared(here: Pixels, there: Pixels) -> Pixels:
    """What an average over many mouths leaves of one."""
    soft = cv2.bilateralFilter(cv2.GaussianBlur(there, (0, 0), len(there) / 96), 5, 30, 3)
    return joined(here, np.asarray(soft, np.uint8))
