"""Detects faces that are unstable over time. Examines every video with a face, frame by frame."""

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
    Strength,
    View,
)
from ml.engine.detectors import asking
from ml.engine.detectors.temporal import sentences
from ml.engine.detectors.temporal.calibration import calibration
from ml.engine.detectors.temporal.judging import FaceMotion, score_faces
from ml.engine.detectors.temporal.network import FOLDER, ServedNetwork
from ml.engine.fusion.calibration import AskingCalibration
from ml.engine.manifest import read_manifest
from ml.engine.media.motion import FaceReader
from ml.engine.media.stated import no_pictures
from ml.engine.sentence import say


class Temporal:
    """Made once a process; holds the network."""

    manifest = read_manifest(FOLDER)
    name = manifest.name

    def __init__(self, network: ServedNetwork | None = None) -> None:
        self.network = network or ServedNetwork()
        self.version = str(self.network.card["version"])
        self.calibration = calibration(self.network.card)

    def not_applicable(self, media: Media) -> str | None:
        if media.info.kind is Kind.IMAGE:
            return say("media.picture_without_motion")
        return no_pictures(media.info, say("media.sound_without_face"))

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
            return self._without(say("faces.unknown"))
        stretches = self.reader.stretches()
        if not stretches:
            fps = self.media.info.fps
            return self._without(sentences.no_face(len(self.faces), self.reader.too_small, fps))
        scored = score_faces(self.detector.network, stretches)
        if not scored.faces:
            return self._without(sentences.no_window(scored.uneven))
        if not all(math.isfinite(face.score) for face in scored.faces):
            return self._without(say("temporal.no_number"))
        return self._finding(scored.faces)

    def _without(self, reason: str) -> Finding:
        return Finding.not_applicable(
            self.detector,
            reason,
            weights_sha256=self.detector.network.sha256,
            counts={"faces": len(self.faces)},
        )

    def _finding(self, faces: tuple[FaceMotion, ...]) -> Finding:
        line = self.detector.calibration
        worst = max(faces, key=lambda face: face.score)
        evidence = _evidence(worst, line, len(faces))
        limits = sentences.claims(self.detector.network.card["claims"])
        return asking.finding(
            self.detector,
            line,
            [face.score for face in faces],
            reason=evidence.text,
            score=round(worst.score, 6),
            evidence=(evidence, Evidence("temporal_claims", limits, Strength.CONTEXT)),
            segments=tuple(
                asking.segment(m.start, m.end, m.score, line, sentences.LABEL)
                for face in faces
                for m in face.moments
            ),
            weights_sha256=self.detector.network.sha256,
            counts={
                "faces": len(self.faces),
                "faces_followed": len(faces),
                "moments": sum(len(face.moments) for face in faces),
                "tenths_of_seconds": round(10 * sum(face.seconds for face in faces)),
            },
        )


def _evidence(face: FaceMotion, line: AskingCalibration, of: int) -> Evidence:
    outcome = line.says(face.score)
    seen_at = max(face.moments, key=lambda moment: moment.score).start if face.moments else None
    which = naming.face(face.track, of, seen_at, "unsteadiest")
    data = {"face": face.track, "score": round(face.score, 4), "seconds": round(face.seconds, 2)}
    if seen_at is not None:
        data["seen_at"] = round(seen_at, 2)
    if outcome is Outcome.MANIPULATION_FOUND:
        text = sentences.unsteady(which, face.seconds, line.line)
        return Evidence("temporal_unsteady", text, Strength.MODERATE, data)
    if outcome is Outcome.INCONCLUSIVE:
        text = sentences.unclear(which, face.seconds)
        return Evidence("temporal_unclear", text, Strength.CONTEXT, data)
    return Evidence(
        "temporal_steady", sentences.steady(which, face.seconds), Strength.CONTEXT, data
    )
