"""What the check says to people."""

from __future__ import annotations

from ml.engine.fusion.calibration import Calibration

LABEL = "how unlike a genuine face it moves and shines from frame to frame"


def no_face(faces: int, too_small: int, fps: float | None) -> str:
    if not faces:
        return "No face was found that could be followed from frame to frame."
    if too_small:
        return "The faces are too small to be compared from frame to frame."
    if fps is not None and fps < 12:
        return "The video has too few frames a second to follow a face from one to the next."
    return "No face is in view, frame after frame, for a whole second."


def no_window(uneven: int) -> str:
    if uneven:
        return "The frames come at times too uneven for faces to be compared from one to the next."
    return (
        "The faces in view hardly change from frame to frame, or too briefly, so there is no "
        "motion to be judged."
    )


def unsteady(which: str, seconds: float, line: Calibration) -> str:
    return (
        f"{which} changes over {seconds:.1f} s from frame to frame, against its surroundings, as "
        f"faces do that were put in frame by frame. Of {line.reals} genuine clips that this was "
        f"calibrated on, at most {100 * line.found_alpha:g} in 100 look as much like it. Filters "
        "that smooth or make up a face give the same."
    )


def unclear(which: str, seconds: float) -> str:
    return (
        f"{which} was followed over {seconds:.1f} s. It cannot be told whether it moves and shines "
        "as a genuine one does."
    )


def steady(which: str, seconds: float) -> str:
    return (
        f"{which} moves and shines over {seconds:.1f} s as genuine faces do. Good forgeries are "
        "as steady, so this is no sign that the video is genuine."
    )
