"""Runs the landmark network alone, to track a face from frame to frame.

It is the network inside MediaPipe's landmarker, run with LiteRT without the detector and the graph
around it, at half the cost. The square it examines comes from the landmarks of the previous frame.
A test compares its landmarks with MediaPipe's.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Box, Pixels
from ml.engine.media import face_model

SIDE = 256
ROOM = 1.5
"""The network was trained on squares this much larger than the face."""
RIGHT_EYE, LEFT_EYE = 33, 263
PRESENT = 0.5


@dataclass(frozen=True, slots=True)
class Square:
    """A turned square in the picture: its middle, its side, its angle in radians."""

    x: float
    y: float
    side: float
    angle: float


def round_points(points: NDArray[np.float32]) -> Square:
    """The square round a face whose points are known."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    middle = (low + high) / 2
    return Square(
        float(middle[0]),
        float(middle[1]),
        float((high - low).max()) * ROOM,
        _angle(points[RIGHT_EYE, :2], points[LEFT_EYE, :2]),
    )


def round_eyes(box: Box, right_eye: tuple[float, float], left_eye: tuple[float, float]) -> Square:
    """The square round a face of which a detector knows the box and the eyes."""
    return Square(
        (box.left + box.right) / 2,
        (box.top + box.bottom) / 2,
        max(box.width, box.height) * ROOM,
        _angle(np.asarray(right_eye), np.asarray(left_eye)),
    )


def _angle(right_eye: Any, left_eye: Any) -> float:
    return float(np.arctan2(left_eye[1] - right_eye[1], left_eye[0] - right_eye[0]))


class PointNetwork:
    """One interpreter, one thread. Cheap to make; not to be shared between threads."""

    def __init__(self) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with zipfile.ZipFile(io.BytesIO(face_model.model_bytes())) as bundle:
            content = bundle.read("face_landmarks_detector.tflite")
        with face_model.quiet_start():
            self._net = Interpreter(model_content=content, num_threads=1)
            self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        sizes = {int(np.prod(d["shape"])): d["index"] for d in self._net.get_output_details()[:2]}
        self._points, self._presence = sizes[478 * 3], sizes[1]

    def __call__(self, pixels: Pixels, square: Square) -> NDArray[np.float32] | None:
        """478 points in pixels of the picture, or None where there is no face."""
        to_picture = _from_network(square)
        crop = cv2.warpAffine(
            pixels,
            to_picture[:, :3],
            (SIDE, SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        self._net.set_tensor(self._input, (crop[None] / np.float32(255)).astype(np.float32))
        self._net.invoke()
        logit = float(self._net.get_tensor(self._presence).ravel()[0])
        if 1 / (1 + np.exp(-logit)) < PRESENT:
            return None
        inside = self._net.get_tensor(self._points).reshape(-1, 3)
        points = np.empty((len(inside), 3), np.float32)
        points[:, :2] = inside[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
        points[:, 2] = inside[:, 2] * (square.side / SIDE)
        return points


def _from_network(square: Square) -> NDArray[np.float64]:
    """2 x 3: where a pixel of the network's input lies in the picture."""
    scale = square.side / SIDE
    cos, sin = np.cos(square.angle) * scale, np.sin(square.angle) * scale
    half = SIDE / 2
    return np.array(
        [
            [cos, -sin, square.x - half * (cos - sin)],
            [sin, cos, square.y - half * (sin + cos)],
        ]
    )
