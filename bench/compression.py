"""How well compression history is detected: hits and false alarms at the served thresholds.

    python bench/compression.py [--montages 24] [--json]

Uses natural pictures that dependencies include, halved, and montages of halved photographs if the
research data is next to the project (../shared/data). Each is saved here in known ways.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from ml.engine.detectors.compression import grid, resampling, sentences  # noqa: E402
from ml.engine.detectors.compression.blocks import luminance  # noqa: E402
from ml.engine.detectors.compression.double_jpeg import earlier_save, table  # noqa: E402
from tests.detectors.natural import pictures, pixels, saved  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "faces" / "lfw-real.zip"
TILE, ACROSS = 125, 4
Score = Callable[[Image.Image], float]


def montages(count: int) -> list[Image.Image]:
    """Sixteen different photographs each, halved; none where the data is not there."""
    if not DATA.exists() or not count:
        return []
    with zipfile.ZipFile(DATA) as archive:
        names = sorted(n for n in archive.namelist() if not n.endswith("/"))
        each = ACROSS * ACROSS
        made = []
        for first in range(0, min(count * each, len(names) - each), each):
            sheet = Image.new("RGB", (TILE * ACROSS, TILE * ACROSS))
            for place, name in enumerate(names[first : first + each]):
                with Image.open(io.BytesIO(archive.read(name))) as photograph:
                    half = photograph.convert("RGB").resize((TILE, TILE), Image.Resampling.BOX)
                sheet.paste(half, (place % ACROSS * TILE, place // ACROSS * TILE))
            made.append(sheet)
    return made


def double(image: Image.Image) -> float:
    """The score over its threshold, so that 1 is where an alarm begins."""
    tables = getattr(image, "quantization", None)
    found = earlier_save(luminance(pixels(image)), table(list(tables[0])) if tables else None)
    if found is None:
        return 0.0
    return found.score / (sentences.DOUBLE_LEAST + sentences.DOUBLE_PER_BLOCK / found.blocks)


def shifted(image: Image.Image) -> float:
    edges = grid.grid(luminance(pixels(image)))
    if edges is None:
        return 0.0
    if hasattr(image, "quantization"):
        return edges.strongest(besides_origin=True)[2] / sentences.GRID_BESIDES
    return edges.strongest()[2] / sentences.GRID_IN_CLEAN


def enlarged(image: Image.Image) -> float:
    was_jpeg = hasattr(image, "quantization")
    found = resampling.rhythm(luminance(pixels(image)), was_jpeg=was_jpeg)
    threshold = sentences.RHYTHM_JPEG if was_jpeg else sentences.RHYTHM_CLEAN
    return found.score / threshold if found else 0.0


def auc(without: Sequence[float], having: Sequence[float]) -> float:
    a, b = np.asarray(without), np.asarray(having)
    return float((b[:, None] > a).mean() + 0.5 * (b[:, None] == a).mean())


def compare(
    name: str, score: Score, without: Sequence[Image.Image], having: Sequence[Image.Image]
) -> dict[str, Any]:
    clean, found = [score(i) for i in without], [score(i) for i in having]
    return {
        "what": name,
        "n": [len(clean), len(found)],
        "auc": round(auc(clean, found), 3),
        "false_alarms": round(float(np.mean(np.asarray(clean) >= 1)), 3),
        "hits": round(float(np.mean(np.asarray(found) >= 1)), 3),
    }


def measure(sources: Sequence[Image.Image]) -> list[dict[str, Any]]:
    found = []
    for now in (75, 85, 95):
        once = [saved(s, now) for s in sources]
        for before in (50, 70, 85, 92, 98):
            if before != now:
                twice = [saved(saved(s, before), now) for s in sources]
                found.append(compare(f"JPEG {before} then {now}", double, once, twice))
    for before in (50, 75, 90, 95, 98):
        was = [saved(s, before).convert("RGB") for s in sources]
        found.append(compare(f"JPEG {before} then PNG", double, sources, was))
    for before in (50, 70, 85, 95):
        cut = [saved(s, before).convert("RGB").crop((3, 5, *s.size)) for s in sources]
        found.append(compare(f"JPEG {before}, cut, PNG", shifted, sources, cut))
        once = [saved(s, 95) for s in sources]
        found.append(
            compare(f"JPEG {before}, cut, JPEG 95", shifted, once, [saved(c, 95) for c in cut])
        )
    kinds = {"bilinear": Image.Resampling.BILINEAR, "Lanczos": Image.Resampling.LANCZOS}
    for factor in (0.7, 1.2, 1.5, 2.0):
        for kind, filter_ in kinds.items():
            larger = [
                s.resize((round(s.width * factor), round(s.height * factor)), filter_)
                for s in sources
            ]
            found.append(compare(f"x {factor} {kind}, PNG", enlarged, sources, larger))
            found.append(
                compare(
                    f"x {factor} {kind}, JPEG 95",
                    enlarged,
                    [saved(s, 95) for s in sources],
                    [saved(u, 95) for u in larger],
                )
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--montages", type=int, default=24)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sheets = montages(options.montages)
    if options.montages and not sheets:
        print("The research data is not there: shipped pictures only.", file=sys.stderr)
    found = measure([*pictures(), *sheets])
    if options.json:
        print(json.dumps(found, indent=2))
        return
    print("| what | without / with | AUC | false alarms | hits |\n|---|---|---|---|---|")
    for row in found:
        print(
            f"| {row['what']} | {row['n'][0]} / {row['n'][1]} | {row['auc']:.2f} | "
            f"{row['false_alarms']:.1%} | {row['hits']:.0%} |"
        )


if __name__ == "__main__":
    main()
