"""Was this face swapped or altered? A network that was trained on real swaps and on self-blends."""

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
