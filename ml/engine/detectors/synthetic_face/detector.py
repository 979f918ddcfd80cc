"""Was this face generated as a whole? A network that was trained on one family of generators."""

from __future__ import annotations

from pathlib import Path

from ml.engine.contract import Detector
from ml.engine.detectors.face_network import FaceNetworkDetector, FacePhrases

PHRASES = FacePhrases(
    code="synthetic_face",
    shows_where=False,
)


def make() -> Detector:
    return FaceNetworkDetector("synthetic_face", Path(__file__).parent, PHRASES)
