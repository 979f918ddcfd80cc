"""Was this mouth, or the lower face, drawn anew? Asked of the faces in pictures and films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.engine import naming
from ml.engine.contract import (
    Crop,
    Evidence,
    Examination,
    FaceTrack,
    Finding,
    Kind,
    Media,
    Outcome,
    Segment,
    Strength,
)
from ml.engine.detectors import asking
from ml.engine.detectors.mouth_forgery.region import lower_face
from ml.engine.fusion.calibration import AskingCalibration
from ml.engine.manifest import read_manifest
from ml.engine.media.crops import to_side
from ml.engine.media.face_scores import normalised, usable
from ml.engine.sentence import joined, say
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
"""Of a face's moments so many count, the strongest: a mean over all would hide a short part that
was drawn anew, and a single one is high by chance alone."""


@dataclass(frozen=True, slots=True)
class Judged:
    track: FaceTrack
    crops: tuple[Crop, ...]
    logits: tuple[float, ...]
    """One a crop, in the order of time."""

    @property
    def logit(self) -> float:
        return pooled(self.logits)

    @property
    def seen_at(self) -> float:
        return self.crops[self.logits.index(max(self.logits))].seconds


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


class MouthExamination(Examination):
    def __init__(self, detector: MouthForgery, media: Media) -> None:
        self.detector, self.media = detector, media
        self.film = media.info.kind is Kind.VIDEO

    def conclude(self) -> Finding:
        tracks = self.media.tracks
        if "face_analysis_failed" in self.media.info.flags:
            return self._without(say("faces.unknown"), 0)
        if not tracks:
            return self._without(say("face.none"), 0)
        held = [(track, usable(track, self.detector.min_side)) for track in tracks]
        held = sorted((h for h in held if h[1]), key=lambda h: -_best(h[1]))[:MOST_FACES]
        if not held:
            return self._without(say("face.too_small", pixels=self.detector.min_side), len(tracks))
        each = min(MOMENTS, max(1, MOST_LOOKS // len(held)))
        judged = []
        for number, (track, crops) in enumerate(held, 1):
            chosen = moments(crops, each)
            judged.append(Judged(track, chosen, tuple(self.detector.look(c) for c in chosen)))
            self.advance(number / len(held))
        return self._finding(judged, len(tracks))

    def _without(self, reason: str, faces: int) -> Finding:
        return Finding.not_applicable(
            self.detector,
            reason,
            weights_sha256=self.detector.served.sha256,
            counts={"faces": faces, "faces_judged": 0},
        )

    def _finding(self, judged: list[Judged], faces: int) -> Finding:
        calibration = self.detector.calibrations[self.media.info.kind]
        top = max(judged, key=lambda one: one.logit)
        logits = [one.logit for one in judged]
        found = calibration.says(top.logit) is Outcome.MANIPULATION_FOUND
        if len(judged) > 1:  # the strongest of several faces is higher by chance alone
            together, _ = asking.ratio(calibration, logits)
            found = found and together >= calibration.log10_lr(calibration.line.found_at)
        evidence = _evidence(calibration, top, judged, found, faces, self.film)
        return asking.finding(
            self.detector,
            calibration,
            logits,
            reason=evidence.text,
            score=round(top.logit, 6),
            evidence=(evidence,),
            segments=_segments(top, calibration) if self.film else (),
            weights_sha256=self.detector.served.sha256,
            counts={
                "faces": faces,
                "faces_judged": len(judged),
                "crops": sum(len(one.crops) for one in judged),
            },
            parameters={"runtime": self.detector.served.runtime},
        )


def moments(crops: Sequence[Crop], most: int) -> tuple[Crop, ...]:
    """So many of the crops, which are in the order of time: of each stretch the best."""
    stretches = np.array_split(np.arange(len(crops)), min(most, len(crops)))
    return tuple(max((crops[n] for n in some), key=lambda crop: crop.quality) for some in stretches)


def _best(crops: Sequence[Crop]) -> float:
    return max(crop.quality for crop in crops)


def _segments(top: Judged, calibration: AskingCalibration) -> tuple[Segment, ...]:
    """The deciding face, moment by moment."""
    starts = [crop.seconds for crop in top.crops]
    ends = [*starts[1:], max(top.track.last, starts[-1])]
    label = say("mouth_forgery.segment")
    return tuple(
        asking.segment(start, end, logit, calibration, label)
        for start, end, logit in zip(starts, ends, top.logits, strict=True)
    )


def _evidence(
    calibration: AskingCalibration, top: Judged, judged: list[Judged],
    found: bool, faces: int, film: bool,
) -> Evidence:  # fmt: skip
    seen_at = top.seen_at if film else None
    which = naming.face(top.track.id, len(judged), seen_at, "strongest")
    data: dict[str, object] = {"face": top.track.id, "faces_judged": len(judged), "faces": faces}
    if seen_at is not None:
        data["seen_at"] = round(seen_at, 2)
    if not found:
        text = say("mouth_forgery.not_found", face=which)
        return Evidence("mouth_forgery_not_found", text, Strength.CONTEXT, data)
    share = round(100 * calibration.line.found_alpha, 6)
    text = joined(
        say("mouth_forgery.found", face=which),
        say("face.genuine_share", reals=calibration.line.reals, share=share),
    )
    return Evidence(
        "mouth_forgery_found", text, Strength.MODERATE, data, Outcome.MANIPULATION_FOUND
    )
