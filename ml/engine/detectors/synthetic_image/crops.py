"""The crops of one picture and their logits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Pixels
from ml.engine.detectors.synthetic_image.places import CropPosition, places
from ml.engine.image_encoders.heads import Head as Head
from ml.engine.media.detail import enlargement
from ml.engine.media.encoding import through_codec
from ml.engine.media.shrink import smaller
from ml.engine.sentence import say

Floats = NDArray[np.float32]
Features = Callable[[Pixels], Floats]


@dataclass(frozen=True, slots=True)
class Look:
    """One crop and its logit."""

    place: CropPosition
    logit: float


@dataclass(frozen=True, slots=True)
class Picture:
    """The crops of one picture: all that is kept of it."""

    width: int
    height: int
    crops: Sequence[tuple[CropPosition, Pixels]]
    unfit: str = ""
    """Why it is not judged, or nothing."""


def taken(pixels: Pixels, side: int) -> Picture:
    pixels = reduced(pixels, side)
    height, width = pixels.shape[:2]
    crops = [(place, saved_alike(place.cut(pixels, side))) for place in places(pixels, side)]
    return Picture(width, height, crops, unfit(pixels, crops, side))


LARGEST = 1600
"""The longest side of the photographs on which the bound was set."""


def reduced(pixels: Pixels, side: int) -> Pixels:
    """A larger picture is reduced: one pixel of a photograph of 4,000 shows little but the noise
    and the sharpening of the camera, which alarm the check. The shorter side holds a crop."""
    height, width = pixels.shape[:2]
    holds_a_crop = math.ceil(side * max(height, width) / min(height, width))
    return smaller(pixels, max(LARGEST, holds_a_crop))[0]


QUALITY = 92


def saved_alike(crop: Pixels) -> Pixels:
    """Every crop is saved as JPEG once, so that traces of saving carry no information: nearly every
    genuine picture was a JPEG file before, and a generated one often was not."""
    return through_codec(crop, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def unfit(pixels: Pixels, crops: Sequence[tuple[CropPosition, Pixels]], side: int) -> str:
    """Kinds of picture on which genuine ones alarmed it too often, or that it cannot look at."""
    if min(pixels.shape[:2]) < side:
        return say("synthetic_image.small", side=side)
    if not crops:
        return say("synthetic_image.empty")
    if all(enlargement(crop) > 1 for _, crop in crops):
        return say("synthetic_image.blurred")
    return ""


CALM = -0.8
"""Mean logit of two opposite crops up to which the others are not looked at. Four photographs of
five end there, at half the cost, and no picture that would have been found did."""
STRONGEST = 2
"""So many crops decide. Generated pictures have calm places too: sky, walls, blurred background."""


def every_look(picture: Picture, features: Features, head: Head) -> list[Look]:
    """For measuring."""
    return [Look(place, head(features(crop))) for place, crop in picture.crops]


def looks(picture: Picture, features: Features, head: Head) -> list[Look]:
    """The crops that were looked at, in the order of the picture."""
    logits: dict[int, float] = {}
    for some in in_turn(len(picture.crops)):
        if logits and calm(list(logits.values())):
            break
        logits |= {n: head(features(picture.crops[n][1])) for n in some}
    return [Look(picture.crops[n][0], logits[n]) for n in sorted(logits)]


def in_turn(crops: int) -> Sequence[list[int]]:
    """Two opposite crops, then the rest."""
    first = sorted({0, crops - 1} & set(range(crops)))
    return first, [n for n in range(crops) if n not in first]


def calm(logits: Sequence[float]) -> bool:
    return float(np.mean(logits)) <= CALM


def score(logits: Sequence[float]) -> float:
    """The mean of the highest logits."""
    return float(np.mean(sorted(logits)[-STRONGEST:]))


def score_of_every(logits: Sequence[float]) -> float:
    """The score that `looks` leads to, from the logits of every crop."""
    first = [logits[n] for n in in_turn(len(logits))[0]]
    return score(first if calm(first) else logits)
