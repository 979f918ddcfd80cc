"""Detects wholly generated stills of any content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml.engine.contract import (
    Evidence,
    Examination,
    Finding,
    Kind,
    Media,
    Outcome,
    Status,
    Strength,
    View,
)
from ml.engine.detectors import asking
from ml.engine.detectors.synthetic_image import sentences
from ml.engine.detectors.synthetic_image.crops import Look, Picture, looks, score, taken
from ml.engine.fusion.calibration import AskingCalibration, probability
from ml.engine.image_encoders.heads import read_head
from ml.engine.image_encoders.served import encoder_of
from ml.engine.manifest import read_manifest
from ml.engine.sentence import say
from ml.engine.serving import read_card

FOLDER = Path(__file__).parent
PASSING = 0.5
"""The share of generated pictures that are taken to look like photographs to this check."""
CAP = 1.5
"""The cap on the ratio's logarithm: looking generated is no proof."""


class SyntheticImage:
    """Made once a process; the network is loaded with the first picture."""

    manifest = read_manifest(FOLDER)
    name = manifest.name

    def __init__(self, folder: Path = FOLDER) -> None:
        self.card = read_card(folder)
        self.version = str(self.card["version"])
        self.encoder = encoder_of(folder, self.card)
        self.head = read_head(folder, self.card)
        self.calibration = AskingCalibration.bounded(self.card, "used", cap=CAP, passing=PASSING)
        self.side = self.encoder.side

    def not_applicable(self, media: Media) -> str | None:
        if media.info.kind is Kind.AUDIO:
            return say("media.sound_without_picture")
        if media.info.kind is Kind.VIDEO:
            return say("synthetic_image.no_video")
        return None

    def examine(self, media: Media) -> ImageExamination:
        return ImageExamination(self, media)


def make() -> SyntheticImage:
    return SyntheticImage()


class ImageExamination(Examination):
    """Keeps the crops of one picture, never the picture."""

    def __init__(self, detector: SyntheticImage, media: Media) -> None:
        self.detector, self.media = detector, media
        self.picture: Picture | None = None

    def observe(self, view: View) -> None:
        if self.picture is None:
            self.picture = taken(view.frame.pixels, self.detector.side)

    def conclude(self) -> Finding:
        if self.picture is None:
            return self._without(say("synthetic_image.unreadable"))
        if self.picture.unfit:
            return self._without(self.picture.unfit)
        return self._finding(self.picture)

    def _without(self, reason: str) -> Finding:
        return Finding.not_applicable(
            self.detector, reason, weights_sha256=self.detector.encoder.sha256
        )

    def _finding(self, picture: Picture) -> Finding:
        detector, calibration = self.detector, self.detector.calibration
        found = looks(picture, detector.encoder.features, detector.head)
        whole = score([look.logit for look in found])
        log10_lr, ends = asking.ratio(calibration, [whole])
        evidence = _evidence(detector, picture, found, whole)
        return Finding(
            detector=detector.name,
            version=detector.version,
            status=Status.RAN,
            reason=evidence.text,
            score=round(whole, 6),
            probability_manipulated=probability(log10_lr),
            log10_lr=log10_lr,
            evidence=(evidence,),
            weights_sha256=detector.encoder.sha256,
            parameters={
                **ends,
                "found_at": calibration.line.found_at,
                "runtime": detector.encoder.runtime,
            },
            counts={"crops": len(found)},
        )


def _evidence(
    detector: SyntheticImage, picture: Picture, found: Sequence[Look], whole: float
) -> Evidence:
    line = detector.calibration.line
    data = {"boxes": [_box(look, picture, detector.side) for look in found]}
    if detector.calibration.says(whole) is Outcome.MANIPULATION_FOUND:
        strongest = max(found, key=lambda look: look.logit)
        where = sentences.where(_middle(strongest, picture, detector.side))
        text = sentences.found(where, line)
        return Evidence(
            "synthetic_image_found", text, Strength.MODERATE, data, Outcome.MANIPULATION_FOUND
        )
    return Evidence("synthetic_image_not_found", sentences.NOT_FOUND, Strength.CONTEXT, data)


def _box(look: Look, picture: Picture, side: int) -> dict[str, float]:
    """In shares of the picture, from its upper left corner."""
    return {
        "left": round(look.place.left / picture.width, 4),
        "top": round(look.place.top / picture.height, 4),
        "right": round((look.place.left + side) / picture.width, 4),
        "bottom": round((look.place.top + side) / picture.height, 4),
        "logit": round(look.logit, 3),
    }


def _middle(look: Look, picture: Picture, side: int) -> tuple[float, float]:
    return (
        (look.place.left + side / 2) / picture.width,
        (look.place.top + side / 2) / picture.height,
    )
