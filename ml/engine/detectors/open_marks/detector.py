"""Reads the watermark of programs that generate pictures.

The result is a declaration, as with a note in the file, not a detection: a picture without a
watermark may be generated as well.
"""

from __future__ import annotations

from pathlib import Path

from ml.engine.contract import (
    UNSIGNED,
    Detector,
    Evidence,
    Examination,
    Finding,
    Kind,
    Media,
    Status,
    Strength,
    View,
)
from ml.engine.detectors.open_marks import marks
from ml.engine.manifest import read_manifest
from ml.engine.sentence import say

MANIFEST = read_manifest(Path(__file__).parent)
NO_MARK = say("open_marks.none")


class OpenMarks:
    manifest = MANIFEST
    name = MANIFEST.name
    version = MANIFEST.version

    def not_applicable(self, media: Media) -> str | None:
        if media.info.kind is not Kind.IMAGE:
            return say("open_marks.pictures_only")
        return None

    def examine(self, media: Media) -> MarksExamination:
        return MarksExamination()


class MarksExamination(Examination):
    def __init__(self) -> None:
        self._found: marks.Agreement | None = None

    def observe(self, view: View) -> None:
        self._found = self._found or marks.found(view.frame.pixels)

    def conclude(self) -> Finding:
        evidence = _evidence(self._found) if self._found else None
        return Finding(
            detector=MANIFEST.name,
            version=MANIFEST.version,
            status=Status.RAN,
            reason=evidence.text if evidence else NO_MARK,
            evidence=(evidence,) if evidence else (),
        )


def _evidence(found: marks.Agreement) -> Evidence:
    bits = len(found.mark.bits)
    return Evidence(
        "open_mark_generated",
        say("open_marks.found", program=found.mark.program, agreeing=found.agreeing, bits=bits),
        Strength.WEAK,
        {"program": found.mark.program, "bits_agreeing": found.agreeing, "bits": bits},
        declares=UNSIGNED,
    )


def make() -> Detector:
    return OpenMarks()
