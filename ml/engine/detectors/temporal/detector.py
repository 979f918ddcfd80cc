"""Does a face hold together over time? Asked of every video with a face, frame by frame."""

from __future__ import annotations

import math

from ml.engine import naming
from ml.engine.contract import (
    Evidence,
    Examination,
    Finding,
    Kind,
    Media,
    Outcome,
    Segment,
    Status,
    Strength,
    View,
)
from ml.engine.detectors.temporal import claims, sentences
from ml.engine.detectors.temporal.calibration import TemporalCalibration
from ml.engine.detectors.temporal.judging import Judged, judged
from ml.engine.detectors.temporal.network import FOLDER, ServedNetwork
from ml.engine.fusion.calibration import mean_ratio, probability
from ml.engine.manifest import read_manifest
from ml.engine.media.motion import FaceReader
from ml.engine.media.stated import no_pictures


class Temporal:
    """Made once a process; holds the network."""

    manifest = read_manifest(FOLDER)
    name = manifest.name

    def __init__(self, network: ServedNetwork | None = None) -> None:
        self.network = network or ServedNetwork()
        self.version = str(self.network.card["version"])
        self.calibration = TemporalCalibration.of(self.network.card)

    def not_applicable(self, media: Media) -> str | None:
        if media.info.kind is Kind.IMAGE:
            return "A picture has no motion."
        return no_pictures(media.info, "A sound file shows no face.")

    def examine(self, media: Media) -> TemporalExamination:
        return TemporalExamination(self, media)


def make() -> Temporal:
    return Temporal()


class TemporalExamination(Examination):
    """Keeps small pictures of faces while the frames go by."""

    def __init__(self, detector: Temporal, media: Media) -> None:
        self.detector, self.media = detector, media
        self.reader = FaceReader()
        self.faces: set[int] = set()

    def observe(self, view: View) -> None:
        self.faces |= {face.track for face in view.faces}
        self.reader.observe(view)

    def conclude(self) -> Finding:
        if "face_analysis_failed" in self.media.info.flags:
            return self._without("Faces could not be looked for, so none was followed.")
        stretches = self.reader.stretches()
        if not stretches:
            fps = self.media.info.fps
            return self._without(sentences.no_face(len(self.faces), self.reader.too_small, fps))
        looked = judged(self.detector.network, stretches)
        if not looked.faces:
            return self._without(sentences.no_window(looked.uneven))
        if not all(math.isfinite(face.score) for face in looked.faces):
            return self._without("The face gave no numbers that could be compared.")
        return self._finding(looked.faces)

    def _without(self, reason: str) -> Finding:
        return Finding.not_applicable(
            self.detector,
            reason,
            weights_sha256=self.detector.network.sha256,
            counts={"faces": len(self.faces)},
        )

    def _finding(self, faces: tuple[Judged, ...]) -> Finding:
        calibration = self.detector.calibration
        worst = max(faces, key=lambda face: face.score)
        # One of the faces may be altered, each as likely as the other: the mean of their ratios.
        log10_lr = mean_ratio([calibration.log10_lr(face.score) for face in faces])
        ends = [calibration.log10_interval(face.score) for face in faces]
        evidence = _evidence(worst, calibration, len(faces))
        limits = " ".join(claims.limits(self.detector.network.card["claims"]))
        return Finding(
            detector=self.detector.name,
            version=self.detector.version,
            status=Status.RAN,
            reason=evidence.text,
            score=round(worst.score, 6),
            probability_manipulated=probability(log10_lr),
            log10_lr=log10_lr,
            evidence=(evidence, Evidence("temporal_claims", limits, Strength.CONTEXT)),
            segments=tuple(
                Segment(
                    round(moment.start, 3),
                    round(moment.end, 3),
                    round(probability(calibration.log10_lr(moment.score)), 4),
                    sentences.LABEL,
                )
                for face in faces
                for moment in face.moments
            ),
            weights_sha256=self.detector.network.sha256,
            parameters={
                "log10_lr_low": mean_ratio([low for low, _ in ends]),
                "log10_lr_high": mean_ratio([high for _, high in ends]),
                "found_at": calibration.line.found_at,
                "clear_at": calibration.line.clear_at,
            },
            counts={
                "faces": len(self.faces),
                "faces_followed": len(faces),
                "moments": sum(len(face.moments) for face in faces),
                "tenths_of_seconds": round(10 * sum(face.seconds for face in faces)),
            },
        )


def _evidence(face: Judged, calibration: TemporalCalibration, of: int) -> Evidence:
    said = calibration.says(face.score)
    seen_at = max(face.moments, key=lambda moment: moment.score).start if face.moments else None
    which = naming.face(face.track, of, seen_at, "the least steady")
    data = {"face": face.track, "score": round(face.score, 4), "seconds": round(face.seconds, 2)}
    if seen_at is not None:
        data["seen_at"] = round(seen_at, 2)
    if said is Outcome.MANIPULATION_FOUND:
        text = sentences.unsteady(which, face.seconds, calibration.line)
        return Evidence("temporal_unsteady", text, Strength.MODERATE, data)
    if said is Outcome.INCONCLUSIVE:
        text = sentences.unclear(which, face.seconds)
        return Evidence("temporal_unclear", text, Strength.CONTEXT, data)
    return Evidence(
        "temporal_steady", sentences.steady(which, face.seconds), Strength.CONTEXT, data
    )
