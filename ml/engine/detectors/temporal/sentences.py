"""The sentences of the detector."""

from __future__ import annotations

from ml.engine.detectors.temporal.claims import Claims
from ml.engine.fusion.calibration import Calibration
from ml.engine.sentence import Sentence, joined, say

LABEL = say("temporal.segment")


def no_face(faces: int, too_small: int, fps: float | None) -> Sentence:
    if not faces:
        return say("temporal.no_face")
    if too_small:
        return say("temporal.too_small")
    if fps is not None and fps < 12:
        return say("temporal.slow")
    return say("temporal.too_short")


def no_window(uneven: int) -> Sentence:
    return say("temporal.uneven") if uneven else say("temporal.still")


def unsteady(which: str, seconds: float, line: Calibration) -> Sentence:
    return say(
        "temporal.unsteady", face=which, seconds=round(seconds, 3), reals=line.reals,
        share=round(100 * line.found_alpha, 6),
    )  # fmt: skip


def unclear(which: str, seconds: float) -> Sentence:
    return say("temporal.unclear", face=which, seconds=round(seconds, 3))


def steady(which: str, seconds: float) -> Sentence:
    return say("temporal.steady", face=which, seconds=round(seconds, 3))


def claims(data: Claims) -> Sentence:
    """Which fakes the check detects, and which it does not, by its card."""
    claimed, undetected = list(data["claimed"]), list(data["not_told"])
    return joined(
        say("temporal.tells", faces=claimed) if claimed else "",
        say("temporal.does_not_tell", faces=undetected) if undetected else "",
    )
