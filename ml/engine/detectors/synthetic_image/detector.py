"""Detects wholly generated pictures and videos of any content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ml.engine.contract import (
    Evidence,
    Examination,
    Finding,
    Kind,
    Media,
    Outcome,
    Segment,
    Strength,
    View,
)
from ml.engine.detectors import asking
from ml.engine.detectors.synthetic_image import films, sentences
from ml.engine.detectors.synthetic_image.crops import Look, Picture, looks, score, taken
from ml.engine.fusion.calibration import AskingCalibration
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
PARTS = {Kind.IMAGE: "used", Kind.VIDEO: "films"}
"""The calibration of each kind of media, as the card calls it."""


class SyntheticImage:
    """Made once a process; the network is loaded with the first picture."""

    manifest = read_manifest(FOLDER)
    name = manifest.name

    def __init__(self, folder: Path = FOLDER) -> None:
        self.card = read_card(folder)
        self.version = str(self.card["version"])
        self.encoder = encoder_of(folder, self.card)
        self.head = read_head(folder, self.card)
        self.calibrations = {
            kind: AskingCalibration.bounded(self.card, part, cap=CAP, passing=PASSING)
            for kind, part in PARTS.items()
        }
        self.side = self.encoder.side

    def not_applicable(self, media: Media) -> str | None:
        if media.info.kind is Kind.AUDIO:
            return say("media.sound_without_picture")
        return None

    def examine(self, media: Media) -> PicturesExamination:
        return PicturesExamination(self, media)


def make() -> SyntheticImage:
    return SyntheticImage()


class PicturesExamination(Examination):
    """Keeps the crops of a still, or of a few moments of a video, never the pictures."""

    def __init__(self, detector: SyntheticImage, media: Media) -> None:
        self.detector = detector
        self.is_film = media.info.kind is Kind.VIDEO
        self.duration = media.info.duration or 0.0
        self.calibration = detector.calibrations[media.info.kind]
        self.picker = films.picker_of(self.duration) if self.is_film else films.MomentPicker(0.0)
        self.taken: list[Moment] = []
        self.first: Moment | None = None
        """Of a video that ends before a moment is reached."""
        self.last = 0.0
        """Seconds of the last view."""

    def observe(self, view: View) -> None:
        self.last = view.frame.seconds
        picks = self.picker.picks(view.frame.seconds)
        if picks or self.first is None:
            moment = Moment(view.frame.seconds, taken(view.frame.pixels, self.detector.side))
            self.first = self.first or moment
            self.taken += [moment] if picks else []

    def conclude(self) -> Finding:
        if self.first is None:
            return self._without(say("synthetic_image.unreadable"))
        places = self.picker.chosen([moment.seconds for moment in self.taken], self.last)
        moments = [self.taken[place] for place in places] or [self.first]
        fit = [moment for moment in moments if not moment.picture.unfit]
        if not fit:
            return self._without(moments[0].picture.unfit)
        seen = []
        for number, moment in enumerate(fit, 1):
            seen.append(Seen.of(moment, self.detector))
            self.advance(number / len(fit))
        return self._finding(seen)

    def _without(self, reason: str) -> Finding:
        return Finding.not_applicable(
            self.detector, reason, weights_sha256=self.detector.encoder.sha256
        )

    def _finding(self, seen: Sequence[Seen]) -> Finding:
        detector, calibration = self.detector, self.calibration
        whole = films.score([one.score for one in seen])
        top = max(seen, key=lambda one: one.score)
        evidence = _evidence(calibration, top, whole, detector.side, film=self.is_film)
        return asking.finding(
            detector,
            calibration,
            [whole],
            reason=evidence.text,
            score=round(whole, 6),
            evidence=(evidence,),
            segments=self._segments(seen) if self.is_film else (),
            weights_sha256=detector.encoder.sha256,
            parameters={"runtime": detector.encoder.runtime},
            counts={"crops": sum(len(one.looks) for one in seen)},
        )

    def _segments(self, seen: Sequence[Seen]) -> tuple[Segment, ...]:
        starts = [one.moment.seconds for one in seen]
        scores = [one.score for one in seen]
        end = self.duration or self.last
        label = say("synthetic_image.segment")
        return asking.segments(starts, end, scores, self.calibration, label)


@dataclass(frozen=True, slots=True)
class Moment:
    seconds: float
    picture: Picture


@dataclass(frozen=True, slots=True)
class Seen:
    """A moment and what was seen in its crops."""

    moment: Moment
    looks: Sequence[Look]
    score: float

    @classmethod
    def of(cls, moment: Moment, detector: SyntheticImage) -> Seen:
        found = looks(moment.picture, detector.encoder.features, detector.head)
        return cls(moment, found, score([look.logit for look in found]))


def _evidence(
    calibration: AskingCalibration, top: Seen, whole: float, side: int, *, film: bool
) -> Evidence:
    picture = top.moment.picture
    data: dict[str, object] = {"boxes": [_box(look, picture, side) for look in top.looks]}
    if film:
        data["seen_at"] = round(top.moment.seconds, 2)
    if calibration.says(whole) is Outcome.MANIPULATION_FOUND:
        strongest = max(top.looks, key=lambda look: look.logit)
        where = sentences.where(_middle(strongest, picture, side))
        at = top.moment.seconds if film else None
        text = sentences.found(where, calibration.line, at)
        return Evidence(
            "synthetic_image_found", text, Strength.MODERATE, data, Outcome.MANIPULATION_FOUND
        )
    text = sentences.NOT_FOUND_IN_FILM if film else sentences.NOT_FOUND
    return Evidence("synthetic_image_not_found", text, Strength.CONTEXT, data)


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
