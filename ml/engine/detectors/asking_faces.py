"""Detects traces in the faces of pictures and videos, for detectors that can only ask for a review.

Such a detector examines a few moments of each face, starting with the largest faces. The face with
the highest logit decides. Where there are several faces, their combined likelihood ratio must reach
the threshold as well.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

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
from ml.engine.fusion.calibration import AskingCalibration
from ml.engine.media.face_scores import usable
from ml.engine.sentence import joined, say


@dataclass(frozen=True, slots=True)
class Looks:
    """How much a check looks at, and how the moments of one face become one logit."""

    faces: int
    """In one file, the largest first."""
    moments: int
    """The number of moments of one face in a video, spread over its time."""
    crops: int
    """In one film in all."""
    pooled: Callable[[Sequence[float]], float]


@dataclass(frozen=True, slots=True)
class FaceScore:
    track: FaceTrack
    crops: tuple[Crop, ...]
    logits: tuple[float, ...]
    """One a crop, in the order of time."""
    logit: float

    @property
    def seen_at(self) -> float:
        return self.crops[self.logits.index(max(self.logits))].seconds


class FacesExamination(Examination):
    """`detector` has `min_side`, `weights_sha256` and `look`, which gives the logit of a crop."""

    looks: ClassVar[Looks]

    def __init__(self, detector: Any, media: Media) -> None:
        self.detector, self.media = detector, media
        self.is_film = media.info.kind is Kind.VIDEO

    @abstractmethod
    def _finding(self, judged: list[FaceScore], faces: int) -> Finding: ...

    def conclude(self) -> Finding:
        tracks = self.media.tracks
        if "face_analysis_failed" in self.media.info.flags:
            return self._without(say("faces.unknown"), 0)
        if not tracks:
            return self._without(say("face.none"), 0)
        held = [(track, usable(track, self.detector.min_side)) for track in tracks]
        held = sorted((h for h in held if h[1]), key=lambda h: -_best(h[1]))[: self.looks.faces]
        if not held:
            return self._without(say("face.too_small", pixels=self.detector.min_side), len(tracks))
        each = min(self.looks.moments, max(1, self.looks.crops // len(held)))
        judged = []
        for number, (track, crops) in enumerate(held, 1):
            judged.append(self._scored(track, moments(crops, each)))
            self.advance(number / len(held))
        return self._finding(judged, len(tracks))

    def _scored(self, track: FaceTrack, crops: tuple[Crop, ...]) -> FaceScore:
        logits = tuple(self.detector.look(crop) for crop in crops)
        return FaceScore(track, crops, logits, self.looks.pooled(logits))

    def _without(self, reason: str, faces: int) -> Finding:
        return Finding.not_applicable(
            self.detector,
            reason,
            weights_sha256=self.detector.weights_sha256,
            counts={"faces": faces, "faces_judged": 0},
        )


def strongest(judged: Sequence[FaceScore]) -> FaceScore:
    return max(judged, key=lambda one: one.logit)


def is_found(calibration: AskingCalibration, judged: Sequence[FaceScore]) -> bool:
    found = calibration.says(strongest(judged).logit) is Outcome.MANIPULATION_FOUND
    if len(judged) > 1:  # the strongest of several faces is higher by chance alone
        together, _ = asking.ratio(calibration, [one.logit for one in judged])
        found = found and together >= calibration.log10_lr(calibration.found_at)
    return found


def counts(judged: Sequence[FaceScore], faces: int) -> dict[str, int]:
    return {
        "faces": faces,
        "faces_judged": len(judged),
        "crops": sum(len(one.crops) for one in judged),
    }


def moments(crops: Sequence[Crop], most: int) -> tuple[Crop, ...]:
    """So many of the crops, which are in the order of time: of each stretch the best."""
    stretches = np.array_split(np.arange(len(crops)), min(most, len(crops)))
    return tuple(max((crops[n] for n in some), key=lambda crop: crop.quality) for some in stretches)


def _best(crops: Sequence[Crop]) -> float:
    return max(crop.quality for crop in crops)


def segments(top: FaceScore, calibration: AskingCalibration, label: str) -> tuple[Segment, ...]:
    """The deciding face, moment by moment."""
    starts = [crop.seconds for crop in top.crops]
    return asking.segments(starts, top.track.last, top.logits, calibration, label)


def evidence(
    name: str,
    calibration: AskingCalibration,
    judged: Sequence[FaceScore],
    faces: int,
    *,
    film: bool,
) -> Evidence:
    """With the sentences `NAME.found` and `NAME.not_found`."""
    top = strongest(judged)
    seen_at = top.seen_at if film else None
    which = naming.face(top.track.id, len(judged), seen_at, "strongest")
    data: dict[str, object] = {"face": top.track.id, "faces_judged": len(judged), "faces": faces}
    if seen_at is not None:
        data["seen_at"] = round(seen_at, 2)
    if not is_found(calibration, judged):
        text = say(f"{name}.not_found", face=which)
        return Evidence(f"{name}_not_found", text, Strength.CONTEXT, data)
    line = calibration.line
    text = joined(
        say(f"{name}.found", face=which),
        say("face.genuine_share", reals=line.reals, share=round(100 * line.found_alpha, 6)),
    )
    return Evidence(f"{name}_found", text, Strength.MODERATE, data, Outcome.MANIPULATION_FOUND)
