"""Scores the faces of one file with a network: a logit for each face over time, and the region it
comes from.

The network was trained on the landmarks' bounding box with a little jitter, at one size. Each crop
is scored as it is and mirrored, and with two margins where a face has few crops. The face's logit
is the mean of all of them, never a mean of probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Crop, FaceTrack, Pixels
from ml.engine.media.crops import to_side, with_margin
from ml.engine.media.detail import enlargement
from ml.engine.media.encoding import through_codec
from ml.engine.serving import Served

MARGINS = (0.0, 0.07)
"""Both within the jitter that the crops had in training; chosen on the validation split."""
ONE_MARGIN = (0.03,)
"""Where there are several crops, which differ by themselves."""
SEVERAL = 4
MOST_CROPS = 8
"""Looked at of one face: the best. Twice as many would cost twice as much and say the same."""

Change = Callable[[Pixels], Pixels]


def normalised(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """0..255 to what the networks were trained on; one picture or many."""
    return (pixels.astype(np.float32) - 127.0) / 128.0


def face_side(crop: Crop) -> float:
    """The shorter side of the face as it is in the frame, in pixels."""
    return min(crop.tight.width, crop.tight.height) / crop.scale


def usable(track: FaceTrack, min_side: float, most: int = MOST_CROPS) -> tuple[Crop, ...]:
    """The best of the face's crops that hold enough, in the order of time."""
    ranked = sorted(track.crops, key=lambda crop: -crop.quality)
    held = (crop for crop in ranked if _holds_enough(crop, min_side))
    return tuple(sorted(islice(held, most), key=lambda crop: crop.seconds))


def _holds_enough(crop: Crop, min_side: float) -> bool:
    """Large enough, and not merely enlarged or blurred to that size."""
    if face_side(crop) < min_side:
        return False
    side = min(crop.tight.width, crop.tight.height)
    return side >= min_side * enlargement(with_margin(crop))


@dataclass(frozen=True, slots=True)
class FaceScore:
    """One face: what the network says of it."""

    track: FaceTrack
    crops: tuple[Crop, ...]
    logits: tuple[float, ...]
    """One a crop, in the order of time."""
    where: NDArray[np.float32] | None
    """0..1 in square cells over the face's box, averaged over its crops."""
    beside: float = 0.0
    """The part of each logit that is not this network's (`JoinedNetwork`)."""

    @property
    def logit(self) -> float:
        return float(np.mean(self.logits))


class FaceNetwork:
    """The served network with what turns a crop into its input."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.side = int(served.card["input"]["side"])
        self.min_side = float(served.card["input"]["min_face_side"])

    def usable(self, track: FaceTrack) -> tuple[Crop, ...]:
        return usable(track, self.min_side)

    def score(self, track: FaceTrack, crops: Sequence[Crop]) -> FaceScore:
        looks = [self.look(crop, margins=_margins(crops)) for crop in crops]
        maps = [where for _, where in looks if where is not None]
        return FaceScore(
            track=track,
            crops=tuple(crops),
            logits=tuple(logit for logit, _ in looks),
            where=np.mean(maps, axis=0, dtype=np.float32) if maps else None,
        )

    def look(
        self,
        crop: Crop,
        change: Change = lambda pixels: pixels,
        margins: Sequence[float] = MARGINS,
    ) -> tuple[float, NDArray[np.float32] | None]:
        """One crop, after `change`: the mean logit of all views, and the map of the tightest."""
        seen = [self._seen(change(with_margin(crop, margin))) for margin in margins]
        return float(np.mean([logit for logit, _ in seen])), seen[0][1]

    def _seen(self, pixels: Pixels) -> tuple[float, NDArray[np.float32] | None]:
        """The picture and its mirror image."""
        square = to_side(pixels, self.side)
        both = [self.served(normalised(view)) for view in (square, square[:, ::-1])]
        logit = float(np.mean([outputs[1][0] for outputs in both]))
        cells = max(both[0])
        if cells == 1:
            return logit, None
        length = round(cells**0.5)
        plain, mirrored = (
            1.0 / (1.0 + np.exp(-outputs[cells].reshape(length, length))) for outputs in both
        )
        return logit, np.asarray((plain + mirrored[:, ::-1]) / 2, np.float32)

    def after(self, score: FaceScore, crops: Sequence[Crop], change: Change) -> float:
        """The mean logit of some of the face's crops after a harmless change."""
        margins = _margins(crops)
        return float(np.mean([self.look(crop, change, margins)[0] for crop in crops]))


def _margins(crops: Sequence[Crop]) -> Sequence[float]:
    return ONE_MARGIN if len(crops) >= SEVERAL else MARGINS


# === Harmless changes: what any platform does to a picture ===


def saved_again(pixels: Pixels) -> Pixels:
    """JPEG at quality 75."""
    return through_codec(pixels, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, 75])


def made_smaller(pixels: Pixels) -> Pixels:
    """Three quarters of its size."""
    size = (max(pixels.shape[1] * 3 // 4, 1), max(pixels.shape[0] * 3 // 4, 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


HARMLESS: dict[str, Change] = {"saved again": saved_again, "made smaller": made_smaller}


# === Where in the face ===

REGIONS = {
    "the forehead": (10, 67, 297),
    "the eyes": (33, 133, 362, 263),
    "the nose": (1, 4, 195),
    "the mouth": (61, 291, 0, 17),
    "the chin": (152, 175),
    "the cheeks": (50, 280),
}


def strongest_region(score: FaceScore) -> str | None:
    """The part of the face in which the map is highest, by the landmarks of its best crop."""
    if score.where is None:
        return None
    crop = max(score.crops, key=lambda c: c.quality)
    box, cells = crop.tight, len(score.where)
    across = (crop.landmarks[:, 0] - box.left) / max(box.width, 1.0)
    down = (crop.landmarks[:, 1] - box.top) / max(box.height, 1.0)
    columns = np.clip((across * cells).astype(int), 0, cells - 1)
    rows = np.clip((down * cells).astype(int), 0, cells - 1)
    height = {
        name: float(np.mean([score.where[rows[p], columns[p]] for p in points]))
        for name, points in REGIONS.items()
    }
    return max(height, key=lambda name: height[name])
