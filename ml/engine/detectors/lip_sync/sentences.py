"""The sentences of the detector."""

from __future__ import annotations

from ml.engine.detectors.lip_sync.inputs import PLACES
from ml.engine.fusion.calibration import Calibration
from ml.engine.sentence import Sentence, say

NO_SOUND = say("lip_sync.undecodable")
OUT_OF_VIEW = say("lip_sync.out_of_view")
LABEL = say("lip_sync.segment")
NOTED = 3
"""Positions (0.12 s) from which an offset is reported."""


def milliseconds(offset: int) -> int:
    return round(1000 * offset / PLACES)


def no_lips(faces: int, too_small: int, fps: float | None) -> Sentence:
    if not faces:
        return say("lip_sync.no_face")
    if too_small:
        return say("lip_sync.too_small")
    if fps is not None and fps < 17:
        return say("lip_sync.slow")
    return say("lip_sync.too_short")


def too_little(seconds: float, needed: float) -> Sentence:
    return say("lip_sync.too_little", seconds=round(seconds, 3), needed=needed)


def unfitting(seconds: float, line: Calibration) -> Sentence:
    share = round(100 * line.found_alpha, 6)
    return say("lip_sync.unfitting", seconds=round(seconds, 3), reals=line.reals, share=share)


def unclear(seconds: float) -> Sentence:
    return say("lip_sync.unclear", seconds=round(seconds, 3))


def fitting(seconds: float) -> Sentence:
    return say("lip_sync.fitting", seconds=round(seconds, 3))


def shifted(offset: int) -> Sentence:
    when = "after" if offset > 0 else "before"
    return say(f"lip_sync.{when}", ms=abs(milliseconds(offset)))
