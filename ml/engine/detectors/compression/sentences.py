"""The sentences of the detector, and the values from which each is stated.

The thresholds lie above every value measured on pictures without the trace. card.md has the figures
and the command that prints them.
"""

from __future__ import annotations

from collections.abc import Sequence

from ml.engine.contract import Evidence, Strength
from ml.engine.detectors.compression.double_jpeg import Earlier
from ml.engine.detectors.compression.grid import Grid
from ml.engine.detectors.compression.quantisation import Origin
from ml.engine.detectors.compression.resampling import Rhythm
from ml.engine.sentence import joined, say

TABLES = {"ijg": "ijg", "mozjpeg": "mozjpeg", "unquantised": "ones", "own": "own"}
"""From the family of quantisation tables to its sentence."""
DOUBLE_LEAST = 0.004
DOUBLE_PER_BLOCK = 1.8
"""Few blocks make the score uncertain: the threshold is LEAST + PER_BLOCK / blocks."""
GRID_IN_CLEAN = 3.5
GRID_BESIDES = 4.5
GRID_FINE_ENOUGH = 90
"""Below this quality the present save hides other grids."""
RHYTHM_CLEAN = 16.0
RHYTHM_JPEG = 9.0

ORDINARY = say("compression.ordinary")


def tables(origin: Origin, values: Sequence[Sequence[int]]) -> Evidence:
    return Evidence(
        "quantisation_tables",
        say(f"compression.tables_{TABLES[origin.family]}", quality=origin.quality),
        Strength.CONTEXT,
        {
            "family": origin.family,
            "quality": origin.quality,
            "exact": origin.exact,
            "tables": [list(t) for t in values],
        },
    )


def earlier_save(earlier: Earlier, made_by: Origin | None) -> Evidence:
    threshold = DOUBLE_LEAST + DOUBLE_PER_BLOCK / earlier.blocks
    data = {
        "score": round(earlier.score, 5),
        "threshold": round(threshold, 5),
        "quality": earlier.quality,
        "blocks": earlier.blocks,
        "coefficient": list(earlier.mode),
        "observed": list(earlier.observed),
        "expected_without": list(earlier.single),
        "expected_with": list(earlier.double),
    }
    if earlier.score < threshold:
        return Evidence(
            "no_earlier_save",
            say("compression.no_earlier"),
            Strength.CONTEXT,
            data,
        )
    if made_by and made_by.exact:
        text = say("compression.twice_now", quality=earlier.quality, now=made_by.quality)
    else:
        code = "compression.twice" if made_by else "compression.was_jpeg"
        text = say(code, quality=earlier.quality)
    return Evidence(
        "earlier_save",
        joined(text, ORDINARY),
        Strength.WEAK,
        data,
    )


def grid_in_clean(place: tuple[int, int, float], edges: Grid) -> Evidence:
    left, top, strength = place
    cut = say("compression.grid_cut", left=left, top=top) if left or top else ""
    return Evidence(
        "block_grid",
        joined(say("compression.grid"), cut, ORDINARY),
        Strength.WEAK,
        _grid(left, top, strength, edges),
    )


def grid_besides(place: tuple[int, int, float], edges: Grid) -> Evidence:
    left, top, strength = place
    return Evidence(
        "second_block_grid",
        say("compression.two_grids", left=left, top=top),
        Strength.WEAK,
        _grid(left, top, strength, edges),
    )


def _grid(left: int, top: int, strength: float, edges: Grid) -> dict[str, object]:
    return {
        "left": left,
        "top": top,
        "strength": round(strength, 2),
        "columns": [round(v, 2) for v in edges.columns],
        "rows": [round(v, 2) for v in edges.rows],
    }


def rhythm(found: Rhythm, *, was_jpeg: bool) -> list[Evidence]:
    threshold = RHYTHM_JPEG if was_jpeg else RHYTHM_CLEAN
    if found.score < threshold:
        return []
    return [
        Evidence(
            "resampling",
            say("compression.resampling"),
            Strength.WEAK,
            {
                "score": round(found.score, 2),
                "threshold": threshold,
                "frequency": round(found.frequency, 4),
                "direction": found.direction,
                "spectrum": list(found.spectrum),
            },
        )
    ]


def reason(evidence: Sequence[Evidence]) -> str:
    telling = [e for e in evidence if e.strength is not Strength.CONTEXT]
    if telling:
        others = len(telling) - 1
        more = say("compression.more", count=others) if others else ""
        return joined(telling[0].text, more)
    return say("compression.only_ordinary") if evidence else say("compression.nothing")
