"""What the encoder says of one picture, crop by crop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Pixels
from ml.engine.detectors.synthetic_image.places import Place, places
from ml.engine.image_encoders.heads import Head as Head
from ml.engine.media.detail import enlargement
from ml.engine.media.encoding import through_codec
from ml.engine.sentence import say

Floats = NDArray[np.float32]
Features = Callable[[Pixels], Floats]


@dataclass(frozen=True, slots=True)
class Look:
    """One crop and its logit."""

    place: Place
    logit: float


@dataclass(frozen=True, slots=True)
class Picture:
    """The crops of one picture: all that is kept of it."""

    width: int
    height: int
    crops: Sequence[tuple[Place, Pixels]]
    unfit: str = ""
    """Why it is not judged, or nothing."""


def taken(pixels: Pixels, side: int) -> Picture:
    height, width = pixels.shape[:2]
    crops = [(place, saved_alike(place.cut(pixels, side))) for place in places(pixels, side)]
    return Picture(width, height, crops, unfit(pixels, crops, side))


QUALITY = 92


def saved_alike(crop: Pixels) -> Pixels:
    """Every crop is saved as JPEG once, so that traces of saving tell nothing: nearly every genuine
    picture was a JPEG file before, and a generated one often was not."""
    return through_codec(crop, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def unfit(pixels: Pixels, crops: Sequence[tuple[Place, Pixels]], side: int) -> str:
    """Kinds of picture on which genuine ones alarmed it too often, or that it cannot look at."""
    if min(pixels.shape[:2]) < side:
        return say("synthetic_image.small", side=side)
    if not crops:
        return say("synthetic_image.empty")
    if all(enlargement(crop) > 1 for _, crop in crops):
        return say("synthetic_image.blurred")
    return ""


def looks(picture: Picture, features: Features, head: Head) -> list[Look]:
    return [Look(place, head(features(crop))) for place, crop in picture.crops]


def score(found: Sequence[Look]) -> float:
    """The mean of the logits: each crop is one look at the same traces."""
    return float(np.mean([look.logit for look in found]))
