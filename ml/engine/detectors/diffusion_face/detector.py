"""Was this face made by a diffusion model? Asked of the faces in pictures and films."""

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
    Status,
    Strength,
)
from ml.engine.detectors import asking
from ml.engine.fusion.calibration import AskingCalibration, Calibration, probability
from ml.engine.image_encoders.heads import read_head
from ml.engine.image_encoders.served import ServedEncoder
from ml.engine.manifest import read_manifest
from ml.engine.media.crops import to_side, with_margin
from ml.engine.media.face_scores import usable
from ml.engine.sentence import joined, say
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


@dataclass(frozen=True, slots=True)
class Judged:
    track: FaceTrack
    crops: tuple[Crop, ...]
    logits: tuple[float, ...]
    """One a crop, in the order of time."""

    @property
    def logit(self) -> float:
        """The strongest moment counts: a mean would hide a short part that was generated."""
        return max(self.logits)

    @property
    def seen_at(self) -> float:
        return self.crops[self.logits.index(self.logit)].seconds


class DiffusionFace:
    """Made once a process; the network is loaded with the first face."""

    manifest = read_manifest(FOLDER)
    name = manifest.name

    def __init__(self, folder: Path = FOLDER) -> None:
        self.card = read_card(folder)
        self.version = str(self.card["version"])
        self.encoder = ServedEncoder(self.name, folder, self.card)
        self.head = read_head(folder, self.card)
        self.calibration = AskingCalibration.bounded(self.card, "used", cap=CAP, passing=PASSING)
        self.min_side = float(self.card["input"]["min_face_side"])

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


class DiffusionExamination(Examination):
    def __init__(self, detector: DiffusionFace, media: Media) -> None:
        self.detector, self.media = detector, media

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
            weights_sha256=self.detector.encoder.sha256,
            counts={"faces": faces, "faces_judged": 0},
        )

    def _finding(self, judged: list[Judged], faces: int) -> Finding:
        detector, calibration = self.detector, self.detector.calibration
        top = max(judged, key=lambda one: one.logit)
        log10_lr, ends = asking.ratio(calibration, [one.logit for one in judged])
        found = calibration.says(top.logit) is Outcome.MANIPULATION_FOUND
        if len(judged) > 1:  # the strongest of several faces is higher by chance alone
            found = found and log10_lr >= calibration.log10_lr(calibration.line.found_at)
        film = self.media.info.kind is Kind.VIDEO
        evidence = _evidence(calibration.line, top, judged, found, faces, film)
        return Finding(
            detector=detector.name,
            version=detector.version,
            status=Status.RAN,
            reason=evidence.text,
            score=round(top.logit, 6),
            probability_manipulated=probability(log10_lr),
            log10_lr=log10_lr,
            evidence=(evidence,),
            segments=_segments(top, calibration) if film else (),
            weights_sha256=detector.encoder.sha256,
            parameters={
                **ends,
                "found_at": calibration.line.found_at,
                "runtime": detector.encoder.runtime,
            },
            counts={
                "faces": faces,
                "faces_judged": len(judged),
                "crops": sum(len(one.crops) for one in judged),
            },
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
    label = say("diffusion_face.segment")
    return tuple(
        asking.segment(start, end, logit, calibration, label)
        for start, end, logit in zip(starts, ends, top.logits, strict=True)
    )


def _evidence(
    line: Calibration, top: Judged, judged: list[Judged], found: bool, faces: int, film: bool
) -> Evidence:
    seen_at = top.seen_at if film else None
    which = naming.face(top.track.id, len(judged), seen_at, "strongest")
    data: dict[str, object] = {"face": top.track.id, "faces_judged": len(judged), "faces": faces}
    if seen_at is not None:
        data["seen_at"] = round(seen_at, 2)
    if found:
        share = round(100 * line.found_alpha, 6)
        text = joined(
            say("diffusion_face.found", face=which),
            say("face.genuine_share", reals=line.reals, share=share),
        )
        return Evidence(
            "diffusion_face_found", text, Strength.MODERATE, data, Outcome.MANIPULATION_FOUND
        )
    text = say("diffusion_face.not_found", face=which)
    return Evidence("diffusion_face_not_found", text, Strength.CONTEXT, data)
