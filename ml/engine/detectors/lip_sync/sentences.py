"""What the check says to people."""

from __future__ import annotations

from ml.engine.detectors.lip_sync.inputs import PLACES
from ml.engine.fusion.calibration import Calibration

NO_SOUND = "The video has no sound that could be decoded."
OUT_OF_VIEW = "Somebody speaks, but not while a face is in view."
LABEL = "how little the sound fits the lips"
NOTED = 3
"""Places (0.12 s) from which on an offset is told."""


def milliseconds(offset: int) -> int:
    return round(1000 * offset / PLACES)


def no_lips(faces: int, too_small: int, fps: float | None) -> str:
    if not faces:
        return "No face was found, so there are no lips to hold against the sound."
    if too_small:
        return "The faces are too small for their lips to be read."
    if fps is not None and fps < 17:
        return "The video has too few frames a second for lips to be read."
    return "No face is in view, frame after frame, for long enough to read its lips."


def too_little(seconds: float, needed: float) -> str:
    return (
        f"In the parts that were looked at frame by frame, a speaking face is in view for "
        f"{seconds:.1f} s; {needed:.0f} s are needed."
    )


def unfitting(seconds: float, line: Calibration) -> str:
    return (
        f"Over {seconds:.1f} s the sound does not fit the lips at any offset. Of {line.reals} "
        f"stretches of genuine speech that this was calibrated on, at most "
        f"{100 * line.found_alpha:g} in 100 fit as little. Dubbing, a narrator or a person who "
        "speaks off the picture give the same."
    )


def unclear(seconds: float) -> str:
    return (
        f"Over {seconds:.1f} s it cannot be told whether the sound belongs to the lips; both own "
        "and foreign speech fit as much at times."
    )


def fitting(seconds: float) -> str:
    return (
        f"Over {seconds:.1f} s the sound fits the lips. Programs that make lips speak are built to "
        "make them fit, so this is no sign that the video is genuine."
    )


def shifted(offset: int) -> str:
    when = "after" if offset > 0 else "before"
    return (
        f"The sound comes about {abs(milliseconds(offset))} ms {when} the lips throughout. Cutting "
        "and converting shift sound like this; by itself it is no sign of manipulation."
    )
