"""Encodes pictures with OpenCV, for training, evaluation and the stability checks."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ml.engine.contract import Pixels


def encoded(pixels: Pixels, kind: str, options: Sequence[int]) -> bytes:
    """The file that OpenCV writes; `kind` is its suffix."""
    done, content = cv2.imencode(kind, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise RuntimeError(f"OpenCV could not write {kind}")
    return content.tobytes()


def through_codec(pixels: Pixels, kind: str, options: Sequence[int]) -> Pixels:
    """Written and read again."""
    content = np.frombuffer(encoded(pixels, kind, options), np.uint8)
    again = np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(cv2.cvtColor(again, cv2.COLOR_BGR2RGB), np.uint8)


def even(pixels: Pixels) -> Pixels:
    """H.264 with quartered colour knows only even sides: the last row and column stand twice."""
    height, width = (side + side % 2 for side in pixels.shape[:2])
    missing = ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]), (0, 0))
    return np.pad(pixels, missing, mode="edge")
