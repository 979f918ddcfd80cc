"""Detects faces in pictures and videos that diffusion models generated."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml.engine.contract import Crop, Finding, Kind, Media
from ml.engine.detectors import asking, asking_faces
from ml.engine.detectors.asking_faces import FaceScore, FacesExamination, Looks
from ml.engine.fusion.calibration import AskingCalibration
from ml.engine.image_encoders.heads import read_head
from ml.engine.image_encoders.served import encoder_of
from ml.engine.manifest import read_manifest
from ml.engine.media.crops import to_side, with_margin
from ml.engine.sentence import say
from ml.engine.serving import read_card

FOLDER = Path(__file__).parent
MARGIN = 0.03
PASSING = 0.4
"""The share of generated faces that are taken to look genuine to this check."""
CAP = 2.0
MOST_FACES = 4
"""Looked at in one file, the largest first: each costs a run of the encoder."""
MOMENTS, MOST_LOOKS = 3, 4
"""In a video: how many moments of one face, spread over its time, and how many crops in all."""


class DiffusionFace:
    """Made once a process; the network is loaded with the first face."""

    manifest = read_manifest(FOLDER)
    name = manifest.name

    def __init__(self, folder: Path = FOLDER) -> None:
        self.card = read_card(folder)
        self.version = str(self.card["version"])
        self.encoder = encoder_of(folder, self.card)
        self.head = read_head(folder, self.card)
        self.calibration = AskingCalibration.bounded(self.card, "used", cap=CAP, passing=PASSING)
        self.min_side = float(self.card["input"]["min_face_side"])

    @property
    def weights_sha256(self) -> str:
        return self.encoder.sha256

    def not_applicable(self, media: Media) -> str | None:
        if media.info.kind is Kind.AUDIO:
            return say("media.sound_without_face")
        return None

    def examine(self, media: Media) -> DiffusionExamination:
        return DiffusionExamination(self, media)

    def look(self, crop: Crop) -> float:
        """The mean over the face and its mirror image would say the same at twice the cost."""
        square = to_side(with_margin(crop, MARGIN), self.encoder.side)
        return self.head(self.encoder.features(np.ascontiguousarray(square)))


def make() -> DiffusionFace:
    return DiffusionFace()


class DiffusionExamination(FacesExamination):
    # The strongest moment counts: a mean would hide a short part that was generated.
    looks = Looks(MOST_FACES, MOMENTS, MOST_LOOKS, pooled=max)

    def _finding(self, judged: list[FaceScore], faces: int) -> Finding:
        detector, calibration = self.detector, self.detector.calibration
        top = asking_faces.strongest(judged)
        evidence = asking_faces.evidence(
            detector.name, calibration, judged, faces, film=self.is_film
        )
        label = say("diffusion_face.segment")
        return asking.finding(
            detector,
            calibration,
            [one.logit for one in judged],
            reason=evidence.text,
            score=round(top.logit, 6),
            evidence=(evidence,),
            segments=asking_faces.segments(top, calibration, label) if self.is_film else (),
            weights_sha256=detector.weights_sha256,
            parameters={"runtime": detector.encoder.runtime},
            counts=asking_faces.counts(judged, faces),
        )
