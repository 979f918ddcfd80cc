"""Reads the watermark of programs that generate speech.

The result is a declaration, as with a note in the file, not a detection: speech without a watermark
may be generated as well.
"""

from __future__ import annotations

import time
from pathlib import Path

from ml.engine.contract import (
    UNSIGNED,
    Detector,
    Evidence,
    Examination,
    Finding,
    Kind,
    Media,
    Segment,
    Status,
    Strength,
)
from ml.engine.detectors.sound_marks import perth
from ml.engine.detectors.sound_marks.stretches import Stretch, examine
from ml.engine.manifest import read_manifest
from ml.engine.media.audio import SANDBOX_RATE
from ml.engine.media.stated import no_sound
from ml.engine.sentence import say

FOLDER = Path(__file__).parent
MANIFEST = read_manifest(FOLDER)
FOUND_AT = 0.97
"""No genuine sound reached it (docs/detectors/sound_marks.md)."""


class SoundMarks:
    manifest = MANIFEST
    name = MANIFEST.name
    version = MANIFEST.version

    def __init__(self) -> None:
        self.decoder = perth.served()

    def not_applicable(self, media: Media) -> str | None:
        if media.info.kind is Kind.IMAGE:
            return say("media.picture_without_voice")
        return no_sound(media.info, say("media.file_without_sound"))

    def examine(self, media: Media) -> SoundMarksExamination:
        return SoundMarksExamination(self, media)


class SoundMarksExamination(Examination):
    """Looks at no frame; the sound is there when the frames are through."""

    def __init__(self, detector: SoundMarks, media: Media) -> None:
        self._detector, self._media = detector, media

    def conclude(self) -> Finding:
        began = time.perf_counter()
        scenes, samples = self._media.scenes, self._media.audio(SANDBOX_RATE)
        if samples is None:
            return self._without(say("media.undecodable_sound"))
        if scenes.no_speech is not None:
            return self._without(scenes.no_speech)
        stretches = examine(self._detector.decoder, samples, scenes.speech, self.advance)
        if not stretches:
            return self._without(say("sound_marks.too_little"))
        return _finding(stretches, time.perf_counter() - began)

    def _without(self, reason: str) -> Finding:
        return Finding.not_applicable(self._detector, reason, weights_sha256=perth.CARRIED.sha256)


def _finding(stretches: list[Stretch], seconds: float) -> Finding:
    marked = [one for one in stretches if one.confidence >= FOUND_AT]
    evidence = _evidence(marked) if marked else None
    return Finding(
        detector=MANIFEST.name,
        version=MANIFEST.version,
        status=Status.RAN,
        reason=evidence.text if evidence else say("sound_marks.none"),
        evidence=(evidence,) if evidence else (),
        segments=tuple(
            Segment(one.start, one.end, round(one.confidence, 4), say("sound_marks.segment"))
            for one in marked
        ),
        weights_sha256=perth.CARRIED.sha256,
        parameters={"found_at": FOUND_AT},
        counts={"stretches": len(stretches), "stretches_marked": len(marked)},
        seconds=seconds,
    )


def _evidence(marked: list[Stretch]) -> Evidence:
    surest = max(marked, key=lambda one: one.confidence)
    return Evidence(
        "sound_mark_generated",
        say("sound_marks.found", start=round(surest.start, 1), end=round(surest.end, 1)),
        Strength.WEAK,
        {
            "generator": "Perth",
            "start": round(surest.start, 2),
            "end": round(surest.end, 2),
            "confidence": round(surest.confidence, 4),
        },
        declares=UNSIGNED,
    )


def make() -> Detector:
    return SoundMarks()
