"""Identifies quantisation tables: which program wrote them, and at what quality.

A table holds 64 integers in row order (not zigzag), with the luminance table first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.int64]

# Annex K of ITU-T T.81, which the Independent JPEG Group scales by its "quality".
LUMINANCE = np.array(
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
        14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
        49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ]
)  # fmt: skip
CHROMINANCE = np.array(
    [
        17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
        24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
        *([99] * 32),
    ]
)  # fmt: skip
# N. Robidoux' table, which mozjpeg takes by default for both.
ROBIDOUX = np.array(
    [
        16, 16, 16, 18, 25, 37, 56, 85, 16, 17, 20, 27, 34, 40, 53, 75,
        16, 20, 24, 31, 43, 62, 91, 135, 18, 27, 31, 40, 53, 74, 106, 156,
        25, 34, 43, 53, 69, 94, 131, 189, 37, 40, 62, 74, 94, 124, 169, 238,
        56, 53, 91, 106, 131, 169, 226, 311, 85, 75, 135, 156, 189, 238, 311, 418,
    ]
)  # fmt: skip


def scaled(base: Table, quality: int) -> Table:
    """What libjpeg makes of a base table at a quality from 1 to 100."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((base * percent + 50) // 100, 1, 255)


@dataclass(frozen=True, slots=True)
class Origin:
    """What the tables of a file look like."""

    family: str
    """`ijg`, `mozjpeg`, `unquantised` or `own`."""
    quality: int
    """The exact quality of a known family; for own tables the nearest of the IJG's."""
    exact: bool


def origin(tables: Sequence[Sequence[int]]) -> Origin:
    """Whose tables these are. The first is for luminance, the second, if any, for colour."""
    found = [np.asarray(t, np.int64).reshape(64) for t in tables[:2]]
    light = found[0]
    if all((t == 1).all() for t in found):
        return Origin("unquantised", 100, True)
    families = {"ijg": (LUMINANCE, CHROMINANCE), "mozjpeg": (ROBIDOUX, ROBIDOUX)}
    for family, bases in families.items():
        for quality in range(1, 101):
            made = [scaled(base, quality) for base in bases]
            if all((have == want).all() for have, want in zip(found, made, strict=False)):
                return Origin(family, quality, True)
    return Origin("own", nearest_quality(light), False)


def nearest_quality(light: Table) -> int:
    """The IJG quality whose luminance table lies nearest, measured in ratios."""
    logs = np.log(np.maximum(light, 1))
    apart = [float(np.abs(np.log(scaled(LUMINANCE, q)) - logs).mean()) for q in range(1, 101)]
    return int(np.argmin(apart)) + 1
