"""Detects sound that does not belong to the visible lips. Examines every video with a visible
speaking face."""

from __future__ import annotations

import math

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
from ml.engine.detectors.lip_sync import judging, sentences
from ml.engine.detectors.lip_sync.calibration import calibration
from ml.engine.detectors.lip_sync.judging import SyncScore
from ml.engine.detectors.lip_sync.network import FOLDER, ServedNetwork
from ml.engine.fusion.calibration import AskingCalibration
from ml.engine.manifest import read_manifest
from ml.engine.media.lips import LipReader
from ml.engine.media.spectra import RATE
from ml.engine.media.stated import no_pictures, no_sound
from ml.engine.sentence import say


class LipSync:
    """Made once a process; holds the two networks."""

    manifest = read_manifest(FOLDER)
    name = manifest.name

    def __init__(self, network: ServedNetwork | None = None) -> None:
        self.network = network or ServedNetwork()
        self.version = str(self.network.card["version"])
        self.calibration = calibration(self.network.card)
        self.of_a_moment = calibration(self.network.card, "of_a_moment")

    def not_applicable(self, media: Media) -> str | None:
        if media.info.kind is Kind.IMAGE:
            return say("media.picture_without_sound")
        return no_pictures(media.info, say("media.sound_without_lips")) or no_sound(
            media.info, say("media.video_without_sound")
        )

    def examine(self, media: Media) -> SyncExamination:
        return SyncExamination(self, media)


def make() -> LipSync:
    return LipSync()


class SyncExamination(Examination):
    """Keeps mouths while the frames go by; the sound is there when they are through."""

    def __init__(self, detector: LipSync, media: Media) -> None:
        self.detector, self.media = detector, media
        self.lips = LipReader()
        self.faces: set[int] = set()

    def observe(self, view: View) -> None:
        self.faces |= {face.track for face in view.faces}
        self.lips.observe(view)

    def conclude(self) -> Finding:
        if "face_analysis_failed" in self.media.info.flags:
            return self._without(say("faces.unknown"))
        stretches = self.lips.stretches()
        if not stretches:
            return self._without(
                sentences.no_lips(len(self.faces), self.lips.too_small, self.media.info.fps)
            )
        scenes, samples = self.media.scenes, self.media.audio(RATE)
        if scenes.no_speech is not None or samples is None:
            return self._without(scenes.no_speech or sentences.NO_SOUND)
        if sum(end - start for start, end in scenes.speech_in_view) < judging.A_MOMENT:
            return self._without(sentences.OUT_OF_VIEW)
        seen = judging.match_stretches(
            self.detector.network, stretches, samples, scenes.speech_in_view
        )
        chosen = judging.who_speaks(seen)
        seconds = sum(one.seconds for one in chosen)
        if seconds < judging.NEEDED:
            return self._without(sentences.too_little(seconds, judging.NEEDED))
        found = judging.score_sync(chosen)
        if not math.isfinite(found.score):
            return self._without(say("lip_sync.no_number"))
        return self._finding(found)

    def _without(self, reason: str) -> Finding:
        return Finding.not_applicable(
            self.detector,
            reason,
            weights_sha256=self.detector.network.sha256,
            counts={"faces": len(self.faces)},
        )

    def _finding(self, found: SyncScore) -> Finding:
        line, moments = self.detector.calibration, self.detector.of_a_moment
        evidence = _evidence(found, line)
        return asking.finding(
            self.detector,
            line,
            [found.score],
            reason=evidence[0].text,
            score=round(found.score, 6),
            evidence=evidence,
            segments=tuple(
                asking.segment(m.start, m.end, m.score, moments, sentences.LABEL)
                for m in found.moments
            ),
            of_a_segment=moments,
            weights_sha256=self.detector.network.sha256,
            parameters={
                "offset_ms": sentences.milliseconds(found.offset),
                "weights_of_sound_sha256": self.detector.network.sha256_of_sound,
            },
            counts={
                "faces": len(self.faces),
                "faces_compared": found.faces,
                "moments": len(found.moments),
                "tenths_of_speaking_seconds": round(10 * found.seconds),
            },
        )


def _evidence(found: SyncScore, line: AskingCalibration) -> tuple[Evidence, ...]:
    outcome = line.says(found.score)
    data = {
        "offset_places": found.offset,
        "offset_ms": sentences.milliseconds(found.offset),
        "stands_out": round(-found.score, 4),
        "seconds": round(found.seconds, 2),
    }
    if outcome is Outcome.MANIPULATION_FOUND:
        text = sentences.unfitting(found.seconds, line.line)
        return (Evidence("lip_sync_unfitting", text, Strength.MODERATE, data),)
    if outcome is Outcome.INCONCLUSIVE:
        text = sentences.unclear(found.seconds)
        return (Evidence("lip_sync_unclear", text, Strength.CONTEXT, data),)
    fits = Evidence("lip_sync_fitting", sentences.fitting(found.seconds), Strength.CONTEXT, data)
    if abs(found.offset) < sentences.NOTED:
        return (fits,)
    offset_text = sentences.shifted(found.offset)
    return (fits, Evidence("lip_sync_offset", offset_text, Strength.CONTEXT, data))
