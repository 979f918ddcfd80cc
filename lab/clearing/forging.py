"""Alters filmed speakers frame by frame as programs do: swapped faces and mouths of other words.

The parameters drawn for a video stay the same in all its frames: the mask, the size at which the
face is redrawn and the strength of the colours. Only the landmarks differ between frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lab.face import blend, foreign
from lab.face.blend import Points
from lab.image_encoders import edits
from lab.temporal import fakes
from ml.engine.contract import Pixels

SOUND_HZ = 48_000
SWAP_MASKS = ("whole_face", "without_forehead", "inner_face")
Sound = NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """One moment of one speaker, a face in each frame."""

    speaker: str
    name: str
    rate: float
    frames: Sequence[Pixels]
    points: Sequence[Points]
    sound: Sound


def swapped(clip: Clip, donor: Clip, random: Generator) -> list[Pixels]:
    """Another speaker's moving face, laid over the original one and redrawn at a typical size."""
    seed = int(random.integers(2**31))
    family = str(random.choice(SWAP_MASKS))
    strength = float(random.uniform(0.5, 1.0))
    made = []
    for number, (frame, points) in enumerate(zip(clip.frames, clip.points, strict=True)):
        at = number % len(donor.frames)
        over = foreign.fitted(donor.frames[at], donor.points[at], points, frame.shape)
        same = np.random.default_rng(seed)
        over = edits.redrawn_at(over, points, same, smooth)
        mask = blend.draw_mask(points, frame.shape, same, (1.0,), family=family)
        over = foreign.with_colours_of(over, frame, mask, strength)
        made.append(blend.mixed(over, frame, mask))
    return made


def other_words(clip: Clip, other: Clip, random: Generator) -> list[Pixels]:
    """The lower face of another clip of the same speaker, whose sound goes with it."""
    seed = int(random.integers(2**31))
    made = []
    for number, (frame, points) in enumerate(zip(clip.frames, clip.points, strict=True)):
        at = min(number, len(other.frames) - 1)
        same = np.random.default_rng(seed)
        altered, _ = edits.lips(frame, points, other.frames[at], other.points[at], same, smooth)
        made.append(altered)
    return made


def unsteady(clip: Clip, random: Generator) -> list[Pixels]:
    """A part of the face itself, changed differently in each frame (`lab.temporal.fakes`)."""
    kind = str(random.choice(sorted(fakes.KINDS)))
    family = str(random.choice(fakes.FAMILIES))
    return fakes.fake(clip.frames, clip.points, kind, family, random)


def smooth(pixels: Pixels) -> Pixels:
    """What draws a face knows less of skin than a camera does."""
    return np.asarray(cv2.bilateralFilter(pixels, 5, 30, 3), np.uint8)


def steadied(points: Sequence[Points]) -> list[Points]:
    """Landmarks averaged over three frames, as trackers do it."""
    every = np.stack(points)
    padded = np.concatenate([every[:1], every, every[-1:]])
    mean = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    return [np.asarray(one, np.float32) for one in mean]
