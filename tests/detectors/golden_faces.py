"""Scores that a dependency must not shift unseen: of the public-domain portrait and its fakes.

    python -m tests.detectors.golden_faces     writes the detectors' golden.json anew

Do that only together with new weights, and say in the commit what moved.
"""

from __future__ import annotations

import json

import numpy as np

from lab.face import blend
from lab.face.calibrate import score_one
from ml.engine import manifest
from ml.engine.contract import Frame, Pixels
from ml.engine.detectors.face_network import FaceNetworkDetector
from ml.engine.media.crops import cut
from ml.engine.media.faces import FaceFinder

NAMES = ("face_forgery", "synthetic_face")
MOUTHS = "mouth_forgery"
BLEND_SEED = 11


def pictures() -> dict[str, Pixels]:
    from tests.lab.face.faces import portrait

    picture, points = portrait()
    fake, _ = blend.self_blend(picture, points, np.random.default_rng(BLEND_SEED))
    return {"portrait": picture, "blend": fake}


def detector(name: str) -> FaceNetworkDetector:
    from importlib import import_module

    made = import_module(f"ml.engine.detectors.{name}.detector").make()
    assert isinstance(made, FaceNetworkDetector)
    return made


def scores(name: str) -> dict[str, float]:
    network = detector(name).network
    with FaceFinder(most=1) as finder:
        found = {
            what: score_one(0, False, pixels, finder, network).score
            for what, pixels in pictures().items()
        }
    return {what: round(score, 4) for what, score in found.items() if score is not None}


def mouth_scores() -> dict[str, float]:
    """Of `mouth_forgery`: the portrait, and its lower face drawn anew."""
    from lab.mouths import programs
    from ml.engine.detectors.mouth_forgery.detector import make
    from tests.lab.face.faces import portrait

    check, (picture, points) = make(), portrait()
    drawn = programs.drawn(np.random.default_rng(BLEND_SEED), {"smeared": programs.smeared})
    made = {"portrait": picture, "redrawn": drawn(picture, points, picture, points)[0]}
    with FaceFinder(most=1) as finder:
        crops = {
            what: cut(Frame(0, 0.0, pixels), finder.in_still(pixels)[0])
            for what, pixels in made.items()
        }
    return {what: round(check.look(crop), 4) for what, crop in crops.items() if crop is not None}


def main() -> None:
    from ml.engine import registry

    offered = [name for name in NAMES if name in registry.names()]
    for name in offered:
        file = manifest.FOLDER / name / manifest.GOLDEN
        file.write_text(json.dumps(scores(name), indent=1) + "\n")
    if MOUTHS in registry.names():
        file = manifest.FOLDER / MOUTHS / manifest.GOLDEN
        file.write_text(json.dumps(mouth_scores(), indent=1) + "\n")


if __name__ == "__main__":
    main()
