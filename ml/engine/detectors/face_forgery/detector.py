"""Detects swapped and altered faces with a network trained on real swaps and on self-blended
images."""

from __future__ import annotations

from pathlib import Path

from ml.engine.contract import Detector
from ml.engine.detectors.face_network import FaceNetworkDetector, FacePhrases

PHRASES = FacePhrases(
    code="face_forgery",
    shows_where=True,
)


def make() -> Detector:
    return FaceNetworkDetector("face_forgery", Path(__file__).parent, PHRASES)
