"""Searches a picture for faces of every size.

MediaPipe's detector works on 128 x 128 pixels, so it misses a face narrower than about a tenth of
its input. Small faces are found by giving it parts of the picture ("tiles").
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from ml.engine.contract import Box, Pixels
from ml.engine.media import face_model
from ml.engine.media.shrink import divided, smaller

LOOK_SIDE = 1920
"""Searching happens on a copy at most this long."""
GLANCE_SIDE = 384
"""The whole picture is shown to the detector at most this long: it sees 128."""
TILE = 720
FINE_TILE = 320
OVERLAP = 0.2
MIN_CONFIDENCE = 0.5
MIN_FACE = 16.0
NEAR = 3.0
"""Side of the part that is searched for a face lost from sight, over the face's."""
BORDER = 0.35
"""How much grey is put round a picture that the face fills to its edges."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """Where the detector sees a face, and its eyes."""

    box: Box
    right_eye: Point
    left_eye: Point
    score: float

    def moved(self, x: float, y: float) -> Seen:
        """The same in a picture of which this one is the part at (x, y)."""
        b, r, e = self.box, self.right_eye, self.left_eye
        box = Box(b.left + x, b.top + y, b.right + x, b.bottom + y)
        return Seen(box, (r[0] + x, r[1] + y), (e[0] + x, e[1] + y), self.score)


def overlap(a: Box, b: Box) -> float:
    """Shared area over joined area."""
    shared = _shared_area(a, b)
    joined = a.width * a.height + b.width * b.height - shared
    return shared / joined if joined > 0 else 0.0


def same_face(a: Box, b: Box) -> bool:
    """Two boxes round one face: they overlap, or one lies mostly within the other."""
    shared = _shared_area(a, b)
    smaller = min(a.width * a.height, b.width * b.height)
    return overlap(a, b) > 0.3 or (smaller > 0 and shared / smaller > 0.6)


def _shared_area(a: Box, b: Box) -> float:
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    return max(width, 0.0) * max(height, 0.0)


def tiles(width: int, height: int, side: int) -> Iterator[tuple[int, int, int, int]]:
    """Squares of about `side`, overlapping, that cover the picture; none if one would be all."""
    side = min(side, width, height)
    if side == width and side == height:
        return
    for top in _starts(height, side):
        for left in _starts(width, side):
            yield left, top, side, side


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    count = int(np.ceil((length - side) / (side * (1 - OVERLAP)))) + 1
    return [round(start) for start in np.linspace(0, length - side, count)]


def surest(seen: list[Seen]) -> list[Seen]:
    """One of each face: a tile often sees better what the whole picture shows too small."""
    kept: list[Seen] = []
    for found in sorted(seen, key=lambda s: -s.score):
        if not any(same_face(found.box, other.box) for other in kept):
            kept.append(found)
    return kept


class FaceSearch:
    """MediaPipe's face detector over a picture and its parts. A context manager."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._detector: Any = None

    def __enter__(self) -> FaceSearch:
        self._detector = self._open.enter_context(
            face_model.detector(min_confidence=MIN_CONFIDENCE)
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def glance(self, pixels: Pixels) -> list[Seen]:
        """Large faces only, in one look at the whole picture."""
        return self._detect(*divided(pixels, GLANCE_SIDE))

    def thoroughly(self, pixels: Pixels, *, fine: bool = False) -> list[Seen]:
        """Small faces too, tile by tile; with `fine`, which is for stills, very small ones."""
        seen = self.glance(pixels)
        look, shrink = smaller(pixels, LOOK_SIDE)
        height, width = look.shape[:2]
        for side in (TILE, FINE_TILE) if fine else (TILE,):
            for left, top, wide, high in tiles(width, height, side):
                part = look[top : top + high, left : left + wide]
                seen += self._detect(part, shrink, left, top)
        return surest(seen) or self._beyond_edges(look, shrink)

    def near(self, pixels: Pixels, place: Box) -> Seen | None:
        """The largest face round the place where one was, or seemed to be."""
        half = max(place.width, place.height) * NEAR / 2
        x, y = (place.left + place.right) / 2, (place.top + place.bottom) / 2
        left, top = max(int(x - half), 0), max(int(y - half), 0)
        part = pixels[top : max(int(y + half), 0), left : max(int(x + half), 0)]
        if min(part.shape[:2]) < MIN_FACE:
            return None
        found = self._detect(*divided(part, GLANCE_SIDE))
        if not found:
            return None
        best = max(found, key=lambda s: s.box.width * s.box.height)
        return best.moved(left, top)

    def _detect(
        self, part: Pixels, shrink: float, left: float = 0.0, top: float = 0.0
    ) -> list[Seen]:
        height, width = part.shape[:2]
        found = []
        for detection in self._detector.detect(face_model.as_image(part)).detections:
            b = detection.bounding_box
            x, y = left + b.origin_x, top + b.origin_y
            box = Box(x / shrink, y / shrink, (x + b.width) / shrink, (y + b.height) / shrink)
            if min(box.width, box.height) < MIN_FACE:
                continue
            right, other = (
                ((left + eye.x * width) / shrink, (top + eye.y * height) / shrink)
                for eye in detection.keypoints[:2]
            )
            found.append(Seen(box, right, other, float(detection.categories[0].score)))
        return found

    def _beyond_edges(self, look: Pixels, shrink: float) -> list[Seen]:
        """A face that fills the picture is only seen with some room round it."""
        border = round(BORDER * max(look.shape[:2]))
        roomy = cv2.copyMakeBorder(
            look, border, border, border, border, cv2.BORDER_CONSTANT, value=(127, 127, 127)
        )
        return self._detect(np.asarray(roomy, np.uint8), shrink, -border, -border)
