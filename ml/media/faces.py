"""Where the faces are in a frame: found at every size, measured with 478 points each.

MediaPipe's detector looks at 128 x 128 pixels, so a face narrower than about a tenth of what it
is shown stays unseen. Small faces are found by showing it parts of the frame ("tiles"). Landmarks
are then taken from a crop round each face in the frame's own pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.contract import Box, Pixels
from ml.media import face_model

LOOK_SIDE = 1920
"""Searching happens on a copy at most this long; landmarks come from the original."""
TILE = 640
FINE_TILE = 320
OVERLAP = 0.25
MIN_CONFIDENCE = 0.5
CROP_SHARE = 2.0
"""Side of the crop that the landmarker sees, over the longer side of the face's box."""
CROP_SIDE = 384
"""Larger crops are made smaller first: the landmarker works at 256."""
MIN_FACE = 16.0
BORDER = 0.35
"""How much grey is put round a picture that the face fills to its edges."""


@dataclass(frozen=True, slots=True)
class FoundFace:
    """One face in one frame, not yet known from the frames before."""

    box: Box
    landmarks: NDArray[np.float32]
    blendshapes: dict[str, float] = field(default_factory=dict)
    pose: NDArray[np.float32] | None = None


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


class FaceFinder:
    """Finds faces in one file's frames. A context manager, made after the fork, one a file."""

    def __init__(self, *, most: int = 16) -> None:
        self.most = most
        self._open = ExitStack()
        self._detector: Any = None
        self._landmarker: Any = None

    def __enter__(self) -> FaceFinder:
        face_model.check_golden_photograph()
        self._detector = self._open.enter_context(
            face_model.detector(min_confidence=MIN_CONFIDENCE)
        )
        self._landmarker = self._open.enter_context(face_model.landmarker(num_faces=1))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def find(
        self,
        pixels: Pixels,
        *,
        known: Sequence[Box] = (),
        thorough: bool = True,
        fine: bool = False,
    ) -> list[FoundFace]:
        """The faces of one frame, largest first.

        `known` are the boxes of the frame before, looked at again where they were. `thorough`
        looks at tiles too; `fine` at small tiles, which is for stills."""
        candidates = self._candidates(pixels, thorough=thorough, fine=fine)
        for box in known:
            if not any(same_face(box, other) for other in candidates):
                candidates.append(box)
        candidates.sort(key=lambda box: box.width * box.height, reverse=True)
        found: list[FoundFace] = []
        for box in candidates[: 2 * self.most]:
            face = self._measure(pixels, box)
            if face and not any(same_face(face.box, other.box) for other in found):
                found.append(face)
            if len(found) == self.most:
                break
        return found

    def _candidates(self, pixels: Pixels, *, thorough: bool, fine: bool) -> list[Box]:
        height, width = pixels.shape[:2]
        shrink = min(1.0, LOOK_SIDE / max(height, width))
        look = _resized(pixels, shrink)
        candidates = self._detect(look, shrink)
        if thorough:
            high, wide = look.shape[:2]
            for side in (TILE, FINE_TILE) if fine else (TILE,):
                for left, top, w, h in tiles(wide, high, side):
                    part = look[top : top + h, left : left + w]
                    for box in self._detect(part, shrink, left, top):
                        if not any(same_face(box, other) for other in candidates):
                            candidates.append(box)
            if not candidates:
                candidates = self._detect_beyond_edges(look, shrink)
        return candidates

    def _detect(
        self, part: Pixels, shrink: float, left: float = 0.0, top: float = 0.0
    ) -> list[Box]:
        boxes = []
        for detection in self._detector.detect(face_model.as_image(part)).detections:
            b = detection.bounding_box
            x, y = left + b.origin_x, top + b.origin_y
            box = Box(x / shrink, y / shrink, (x + b.width) / shrink, (y + b.height) / shrink)
            if min(box.width, box.height) >= MIN_FACE:
                boxes.append(box)
        return boxes

    def _detect_beyond_edges(self, look: Pixels, shrink: float) -> list[Box]:
        """A face that fills the picture is only seen with some room round it."""
        border = round(BORDER * max(look.shape[:2]))
        roomy = cv2.copyMakeBorder(
            look, border, border, border, border, cv2.BORDER_CONSTANT, value=(127, 127, 127)
        )
        return self._detect(np.asarray(roomy, np.uint8), shrink, -border, -border)

    def _measure(self, pixels: Pixels, box: Box) -> FoundFace | None:
        half = CROP_SHARE * max(box.width, box.height) / 2
        middle_x, middle_y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        left, top = round(middle_x - half), round(middle_y - half)
        side = max(round(2 * half), 2)
        crop = _square(pixels, left, top, side)
        if crop is None:
            return None
        shrink = min(1.0, CROP_SIDE / side)
        result = self._landmarker.detect(face_model.as_image(_resized(crop, shrink)))
        if not result.face_landmarks:
            return None
        points = np.array([(p.x, p.y, p.z) for p in result.face_landmarks[0]], np.float32)
        points *= side
        points[:, :2] += (left, top)
        low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
        found = Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        if min(found.width, found.height) < MIN_FACE:
            return None
        shapes = result.face_blendshapes[0] if result.face_blendshapes else []
        poses = result.facial_transformation_matrixes
        return FoundFace(
            box=found,
            landmarks=points,
            blendshapes={shape.category_name: float(shape.score) for shape in shapes},
            pose=np.asarray(poses[0], np.float32) if poses is not None and len(poses) else None,
        )


def _resized(pixels: Pixels, factor: float) -> Pixels:
    if factor >= 1.0:
        return pixels
    height, width = pixels.shape[:2]
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _square(pixels: Pixels, left: int, top: int, side: int) -> Pixels | None:
    """A square part of the picture; what lies beyond the edge is grey."""
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    if (x0, y0, x1, y1) == (left, top, left + side, top + side):
        return pixels[y0:y1, x0:x1]
    square = np.full((side, side, 3), 127, np.uint8)
    square[y0 - top : y1 - top, x0 - left : x1 - left] = pixels[y0:y1, x0:x1]
    return square
