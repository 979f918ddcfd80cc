"""Detects redrawn mouths and lower faces in pictures and videos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ml.engine.contract import Crop, Finding, Kind, Media
from ml.engine.detectors import asking, asking_faces
from ml.engine.detectors.asking_faces import FaceScore, FacesExamination, Looks
from ml.engine.detectors.mouth_forgery.region import lower_face
from ml.engine.fusion.calibration import AskingCalibration
from ml.engine.manifest import read_manifest
from ml.engine.media.crops import to_side
from ml.engine.media.face_scores import normalised
from ml.engine.sentence import say
from ml.engine.serving import Served

FOLDER = Path(__file__).parent
PASSING = 0.4
"""The share of redrawn mouths that are taken to look genuine to this check."""
CAP = 2.0
MOST_FACES = 8
"""Looked at in one file, the largest first."""
MOMENTS, MOST_LOOKS = 6, 12
"""In a film: how many moments of one face, spread over its time, and how many crops in all."""
STRONGEST = 2
"""The number of a face's moments that count, the strongest ones: a mean over all would hide a short
redrawn part, and a single one is high by chance alone."""


def pooled(logits: Sequence[float]) -> float:
    return float(np.mean(sorted(logits)[-STRONGEST:]))


class MouthForgery:
    """Made once a process; holds the network."""

    manifest = read_manifest(FOLDER)
    name = manifest.name

    def __init__(self, folder: Path = FOLDER) -> None:
        self.served = Served(folder)
        card = self.served.card
        self.version = str(card["version"])
        self.side, self.min_side = int(card["input"]["side"]), float(card["input"]["min_face_side"])
        self.calibrations = {
            kind: AskingCalibration.bounded(card, kind.value, cap=CAP, passing=PASSING)
            for kind in (Kind.IMAGE, Kind.VIDEO)
        }

    @property
    def weights_sha256(self) -> str:
        return self.served.sha256

    def not_applicable(self, media: Media) -> str | None:
        if media.info.kind is Kind.AUDIO:
            return say("media.sound_without_face")
        return None

    def examine(self, media: Media) -> MouthExamination:
        return MouthExamination(self, media)

    def look(self, crop: Crop) -> float:
        """The lower face and its mirror image."""
        square = to_side(lower_face(crop), self.side)
        both = [self.served.logit(normalised(view)) for view in (square, square[:, ::-1])]
        return float(np.mean(both))


def make() -> MouthForgery:
    return MouthForgery()


class MouthExamination(FacesExamination):
    looks = Looks(MOST_FACES, MOMENTS, MOST_LOOKS, pooled)

    def _finding(self, judged: list[FaceScore], faces: int) -> Finding:
        calibration = self.detector.calibrations[self.media.info.kind]
        top = asking_faces.strongest(judged)
        evidence = asking_faces.evidence(
            self.detector.name, calibration, judged, faces, film=self.is_film
        )
        label = say("mouth_forgery.segment")
        return asking.finding(
            self.detector,
            calibration,
            [one.logit for one in judged],
            reason=evidence.text,
            score=round(top.logit, 6),
            evidence=(evidence,),
            segments=asking_faces.segments(top, calibration, label) if self.is_film else (),
            weights_sha256=self.detector.weights_sha256,
            counts=asking_faces.counts(judged, faces),
            parameters={"runtime": self.detector.served.runtime},
        )
