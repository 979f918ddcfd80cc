"""The sentences of the detector."""

from __future__ import annotations

from ml.engine import naming
from ml.engine.fusion.calibration import Calibration
from ml.engine.sentence import Sentence, say

NOT_FOUND = say("synthetic_image.not_found")
NOT_FOUND_IN_FILM = say("synthetic_image.not_found_in_film")


def found(where: str, line: Calibration, seen_at: float | None) -> Sentence:
    share = round(100 * line.found_alpha, 6)
    if seen_at is None:
        return say("synthetic_image.found", where=where, reals=line.reals, share=share)
    time = naming.clock(seen_at)
    return say(
        "synthetic_image.found_in_film", where=where, reals=line.reals, share=share, time=time
    )


def where(middle: tuple[float, float]) -> str:
    across, down = middle
    row = "upper" if down < 0.4 else "lower" if down > 0.6 else ""
    column = "left" if across < 0.4 else "right" if across > 0.6 else ""
    if not row and not column:
        return "in the middle"
    return f"in the {row} {column}".rstrip() if row and column else f"in the {row or column} part"
