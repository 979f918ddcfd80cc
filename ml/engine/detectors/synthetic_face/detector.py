"""Was this face generated as a whole? A network that was trained on one family of generators, and
a head for the same family on the image encoder that other checks ask too."""

from __future__ import annotations

from pathlib import Path

from ml.engine.contract import Detector
from ml.engine.detectors.face_network import FaceNetworkDetector, FacePhrases
from ml.engine.detectors.synthetic_face.joined import JoinedNetwork

PHRASES = FacePhrases(
    code="synthetic_face",
    shows_where=False,
)


def make() -> Detector:
    folder = Path(__file__).parent
    return FaceNetworkDetector(
        "synthetic_face", folder, PHRASES, lambda served: JoinedNetwork(folder, served)
    )
