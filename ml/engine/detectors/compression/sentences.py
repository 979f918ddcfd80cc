"""What the numbers mean in words, and from which value on they are worth saying.

The thresholds lie above everything that was measured on pictures without the trace; card.md has
the figures and the command that prints them."""

from __future__ import annotations

from collections.abc import Sequence

from ml.engine.contract import Evidence, Strength
from ml.engine.detectors.compression.double_jpeg import Earlier
from ml.engine.detectors.compression.grid import Grid
from ml.engine.detectors.compression.quantisation import Origin
from ml.engine.detectors.compression.resampling import Rhythm

DOUBLE_LEAST = 0.004
DOUBLE_PER_BLOCK = 1.8
"""Few blocks make the score uncertain: the threshold is LEAST + PER_BLOCK / blocks."""
GRID_IN_CLEAN = 3.5
GRID_BESIDES = 4.5
GRID_FINE_ENOUGH = 90
"""Below this quality the present save hides other grids."""
RHYTHM_CLEAN = 16.0
RHYTHM_JPEG = 9.0

ORDINARY = "That happens whenever a picture is saved again, also without any falsification."


def tables(origin: Origin, values: Sequence[Sequence[int]]) -> Evidence:
    return Evidence(
        "quantisation_tables",
        f"{origin.text}.",
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
            "No earlier JPEG save shows in the statistics of its pixels. One at a similar or "
            "better quality would not show.",
            Strength.CONTEXT,
            data,
        )
    now = f", and then at quality {made_by.quality}" if made_by and made_by.exact else ""
    what = "was saved as a JPEG more than once" if made_by else "was once a JPEG"
    return Evidence(
        "earlier_save",
        f"The picture {what}: the statistics of its pixels fit an earlier save at about quality "
        f"{earlier.quality}{now}. {ORDINARY}",
        Strength.WEAK,
        data,
    )


def grid_in_clean(place: tuple[int, int, float], edges: Grid) -> Evidence:
    left, top, strength = place
    cut = (
        f" The blocks begin {left} pixels from the left and {top} from the top: the picture was "
        "cut after that save."
        if left or top
        else ""
    )
    return Evidence(
        "block_grid",
        f"The edges of JPEG blocks show in a picture that is not a JPEG now.{cut} {ORDINARY}",
        Strength.WEAK,
        _grid(left, top, strength, edges),
    )


def grid_besides(place: tuple[int, int, float], edges: Grid) -> Evidence:
    left, top, strength = place
    return Evidence(
        "second_block_grid",
        f"The edges of JPEG blocks show in two places: where this save has them, and {left} pixels "
        f"to the right and {top} down. The picture was cut or moved between two saves. Look "
        "whether all of it was, or only a part.",
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
            "Its pixels repeat a rhythm that enlarging or turning leaves. Regular patterns, such "
            "as cloth, fences or screens, can look the same. Enlarging alone is ordinary.",
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
        more = (
            f" There {'is' if others == 1 else 'are'} {others} more to look at." if others else ""
        )
        return telling[0].text + more
    if evidence:
        return (
            "The traces of compression that were found are ordinary. They neither show nor exclude "
            "a manipulation."
        )
    return "No trace of earlier compression could be looked for in this file."
