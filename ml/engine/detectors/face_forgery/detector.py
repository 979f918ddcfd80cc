"""Detects swapped and altered faces with two networks: a small one trained on real swaps and on
self-blended images, and the shared image encoder with layers tuned on swaps, blends and redrawn
mouths."""

from __future__ import annotations

from pathlib import Path

from ml.engine.contract import Detector
from ml.engine.detectors.face_network import FaceNetworkDetector, FacePhrases
from ml.engine.detectors.joined_network import JoinedNetwork

PHRASES = FacePhrases(
    code="face_forgery",
    shows_where=True,
)


def make() -> Detector:
    folder = Path(__file__).parent
    return FaceNetworkDetector(
        "face_forgery", folder, PHRASES, lambda served: JoinedNetwork(folder, served)
    )
