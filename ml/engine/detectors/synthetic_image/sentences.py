"""What the check says to people."""

from __future__ import annotations

from ml.engine.fusion.calibration import Calibration

NOT_FOUND = (
    "The picture shows no traces that this check takes for those of a generator. Many generated "
    "pictures show none: this clears nothing."
)


def found(where: str, line: Calibration) -> str:
    share = f"{100 * line.found_alpha:g}"
    return (
        f"The picture carries traces that generators leave in a whole picture, strongest {where}. "
        f"Of {line.reals} genuine pictures that the bound was set on, at most {share} in 100 show "
        "as much."
    )


def where(middle: tuple[float, float]) -> str:
    across, down = middle
    row = "upper" if down < 0.4 else "lower" if down > 0.6 else ""
    column = "left" if across < 0.4 else "right" if across > 0.6 else ""
    if not row and not column:
        return "in the middle"
    return f"in the {row} {column}".rstrip() if row and column else f"in the {row or column} part"
