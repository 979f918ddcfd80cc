"""Detects wholly generated faces with a network trained on one family of generators, and with a
classifier for the same family on the shared image encoder."""

from __future__ import annotations

from pathlib import Path

from ml.engine.contract import Detector
from ml.engine.detectors.face_network import FaceNetworkDetector, FacePhrases
from ml.engine.detectors.joined_network import JoinedNetwork

PHRASES = FacePhrases(
    code="synthetic_face",
    shows_where=False,
)


def make() -> Detector:
    folder = Path(__file__).parent
    return FaceNetworkDetector(
        "synthetic_face", folder, PHRASES, lambda served: JoinedNetwork(folder, served)
    )
