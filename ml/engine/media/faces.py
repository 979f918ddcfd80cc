"""A face in one picture, measured with 478 landmarks.

In stills, MediaPipe's landmarker measures them, with blendshapes and pose. In videos the same
network tracks each face from sample to sample (`landmarks.py`), at half the cost.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Box, Pixels
from ml.engine.media import face_model
from ml.engine.media.landmarks import PointNetwork, Square, round_eyes, round_points
from ml.engine.media.search import MIN_FACE, FaceSearch, Seen, same_face
from ml.engine.media.shrink import smaller

CROP_SHARE = 2.0
"""Side of the crop that the landmarker sees, over the longer side of the face's box."""
CROP_SIDE = 384
"""Larger crops are made smaller first: the landmarker works at 256."""
EYE_OUTER = (33, 263)
CHIN = 152


@dataclass(frozen=True, slots=True)
class FoundFace:
    """One face in one frame, not yet known from the frames before."""

    box: Box
    landmarks: NDArray[np.float32]
    blendshapes: dict[str, float] = field(default_factory=dict)
    pose: NDArray[np.float32] | None = None


def frontal(landmarks: NDArray[np.float32]) -> float:
    """1 for a face that looks into the camera, 0 for a profile: how squarely the plane through
    the outer eye corners and the chin faces us."""
    right, left, chin = landmarks[EYE_OUTER[0]], landmarks[EYE_OUTER[1]], landmarks[CHIN]
    normal = np.cross(left - right, chin - right)
    length = float(np.linalg.norm(normal))
    return abs(float(normal[2])) / length if length > 0 else 0.0


class FaceFinder:
    """Finds and measures faces in one file's frames. A context manager, made after the fork."""

    def __init__(self, *, most: int = 16) -> None:
        self.most = most
        self.search = FaceSearch()
        self._open = ExitStack()
        self._landmarker: Any = None
        self._network: PointNetwork | None = None

    def __enter__(self) -> FaceFinder:
        face_model.check_golden_photograph()
        self._open.enter_context(self.search)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()
        self._landmarker = self._network = None

    def in_still(self, pixels: Pixels) -> list[FoundFace]:
        """All faces of a picture, largest first, with all that MediaPipe says of them."""
        found: list[FoundFace] = []
        for seen in largest_first(self.search.thoroughly(pixels, fine=True)):
            face = self._measure(pixels, seen.box)
            if face and not any(same_face(face.box, other.box) for other in found):
                found.append(face)
            if len(found) == self.most:
                break
        return found

    def new(self, pixels: Pixels, seen: Seen) -> FoundFace | None:
        """A face that the detector has seen, in a video; looked at closer if need be."""
        found = self._seen(pixels, seen)
        if found:
            return found
        near = self.search.near(pixels, seen.box)
        return self._seen(pixels, near) if near else None

    def again(
        self, pixels: Pixels, expected: NDArray[np.float32], seen: Seen | None = None
    ) -> FoundFace | None:
        """A face that was there a moment ago, in a video: where the detector sees it now, else
        where it is expected, else somewhere near."""
        found = self._seen(pixels, seen) if seen else None
        found = found or self._points(pixels, round_points(expected))
        if found:
            return found
        near = self.search.near(pixels, extent(expected))
        return self._seen(pixels, near) if near else None

    def _seen(self, pixels: Pixels, seen: Seen) -> FoundFace | None:
        return self._points(pixels, round_eyes(seen.box, seen.right_eye, seen.left_eye))

    def _points(self, pixels: Pixels, square: Square) -> FoundFace | None:
        if self._network is None:
            self._network = PointNetwork()
        points = self._network(pixels, square)
        return None if points is None else _found(points)

    def _measure(self, pixels: Pixels, box: Box) -> FoundFace | None:
        if self._landmarker is None:
            self._landmarker = self._open.enter_context(face_model.landmarker(num_faces=1))
        half = CROP_SHARE * max(box.width, box.height) / 2
        left = round((box.left + box.right) / 2 - half)
        top = round((box.top + box.bottom) / 2 - half)
        side = max(round(2 * half), 2)
        crop = _square(pixels, left, top, side)
        if crop is None:
            return None
        result = self._landmarker.detect(face_model.as_image(smaller(crop, CROP_SIDE)[0]))
        if not result.face_landmarks:
            return None
        points = np.array([(p.x, p.y, p.z) for p in result.face_landmarks[0]], np.float32)
        points *= side
        points[:, :2] += (left, top)
        shapes = result.face_blendshapes[0] if result.face_blendshapes else []
        poses = result.facial_transformation_matrixes
        return _found(
            points,
            {shape.category_name: float(shape.score) for shape in shapes},
            np.asarray(poses[0], np.float32) if poses is not None and len(poses) else None,
        )


def extent(points: NDArray[np.float32]) -> Box:
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def largest_first(seen: list[Seen]) -> list[Seen]:
    return sorted(seen, key=lambda s: s.box.width * s.box.height, reverse=True)


def _found(
    points: NDArray[np.float32],
    blendshapes: dict[str, float] | None = None,
    pose: NDArray[np.float32] | None = None,
) -> FoundFace | None:
    box = extent(points)
    if min(box.width, box.height) < MIN_FACE:
        return None
    return FoundFace(box, points, blendshapes or {}, pose)


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
