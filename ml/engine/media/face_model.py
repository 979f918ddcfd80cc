"""Loads MediaPipe and its face model, and checks the model before use.

MediaPipe accepts a damaged model bundle and silently returns wrong landmarks. So the file's digest
is checked, and one reference photograph is measured before the first real one. Nothing here may run
before a worker has forked, because MediaPipe does not survive a fork.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ml.engine.contract import Pixels
from ml.engine.model_files import FILES, ModelFileUnusable
from ml.engine.model_files import model_bytes as model_bytes_of

MODEL = "face_landmarker"
MODEL_SHA256 = FILES[MODEL].sha256
GOLDEN_FILE = Path(__file__).with_name("grace_hopper.jpg")
GOLDEN_POINTS = {  # nose tip, outer eye corners, chin; in shares of the picture
    1: (0.521, 0.411),
    33: (0.405, 0.323),
    263: (0.629, 0.311),
    152: (0.532, 0.557),
}
GOLDEN_TOLERANCE = 0.015


class FaceModelUnusable(Exception):
    """The face model is missing, is not the one we know, or gives wrong answers."""


@functools.cache
def model_bytes() -> bytes:
    """The face landmarker's bundle, checked by digest."""
    try:
        return model_bytes_of(MODEL)
    except (ModelFileUnusable, OSError) as error:
        raise FaceModelUnusable(str(error)) from error


def detector_bytes() -> bytes:
    """The short-range face detector inside the same bundle, for looking at parts of a frame."""
    with zipfile.ZipFile(io.BytesIO(model_bytes())) as bundle:
        return bundle.read("face_detector.tflite")


@functools.cache
def mediapipe() -> Any:
    """MediaPipe, imported late and without TensorFlow, which it would load for nothing."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    hidden = "tensorflow" not in sys.modules
    if hidden:
        sys.modules["tensorflow"] = None  # type: ignore[assignment]
    try:
        import mediapipe
        import mediapipe.tasks.python.vision
    finally:
        if hidden:
            del sys.modules["tensorflow"]
    return mediapipe


def landmarker(*, num_faces: int) -> Any:
    """A fresh face landmarker for stills. Use it in a `with`: it must not be left to the
    garbage collector, which can deadlock on it."""
    mp = mediapipe()
    vision = mp.tasks.vision
    options = vision.FaceLandmarkerOptions(
        base_options=mp.tasks.BaseOptions(model_asset_buffer=model_bytes()),
        running_mode=vision.RunningMode.IMAGE,
        num_faces=num_faces,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    with quiet_start():
        return vision.FaceLandmarker.create_from_options(options)


def detector(*, min_confidence: float) -> Any:
    """A fresh face detector. Use it in a `with`, for the same reason."""
    mp = mediapipe()
    vision = mp.tasks.vision
    options = vision.FaceDetectorOptions(
        base_options=mp.tasks.BaseOptions(model_asset_buffer=detector_bytes()),
        min_detection_confidence=min_confidence,
    )
    with quiet_start():
        return vision.FaceDetector.create_from_options(options)


def as_image(pixels: Pixels) -> Any:
    mp = mediapipe()
    return mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(pixels))


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Models greet on standard error when they are made; errors come as exceptions anyway."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a descriptor is wanted
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def golden_photograph() -> Pixels:
    """A public-domain portrait (THIRD_PARTY.md)."""
    with Image.open(GOLDEN_FILE, formats=["JPEG"]) as image:
        return np.asarray(image.convert("RGB"))


@functools.cache
def check_golden_photograph() -> None:
    """Once a process: the known face must be found where it is known to be."""
    try:
        photograph = golden_photograph()
    except OSError as error:
        raise FaceModelUnusable("The photograph that proves the face model is missing.") from error
    with landmarker(num_faces=1) as model:
        faces = model.detect(as_image(photograph)).face_landmarks
    if len(faces) != 1:
        raise FaceModelUnusable("The face model does not find the face in the golden photograph.")
    for number, (x, y) in GOLDEN_POINTS.items():
        point = faces[0][number]
        if max(abs(point.x - x), abs(point.y - y)) > GOLDEN_TOLERANCE:
            raise FaceModelUnusable(
                f"The face model puts point {number} of the golden photograph at "
                f"({point.x:.3f}, {point.y:.3f}) instead of ({x:.3f}, {y:.3f})."
            )
