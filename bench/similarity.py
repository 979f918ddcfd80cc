"""How far copies of a picture are from it, in bits of its perceptual fingerprint.

    PYTHONPATH=platform:. python bench/similarity.py [--write]

Uses the natural pictures that dependencies include (`tests/detectors/natural.py`), and no random
numbers. `--write` puts the table into docs/history.md.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from ml.engine.media.similarity import NEAR, distance, fingerprint  # noqa: E402
from ml.evaluation import pages  # noqa: E402
from tests.detectors.natural import pictures, pixels, saved  # noqa: E402

PAGE = ROOT / "docs" / "history.md"


def smaller(image: Image.Image, part: int) -> Image.Image:
    return image.resize((image.width // part, image.height // part))


def stretched(image: Image.Image) -> Image.Image:
    return image.resize((image.width * 5 // 4, image.height))


def trimmed(image: Image.Image, part: float) -> Image.Image:
    x, y = round(image.width * part), round(image.height * part)
    return image.crop((x, y, image.width - x, image.height - y))


Copy = Callable[[Image.Image], Image.Image]
COPIES: dict[str, Copy] = {
    "saved as JPEG at quality 30": lambda p: saved(p, 30),
    "a third of the size, saved at quality 50": lambda p: saved(smaller(p, 3), 50),
    "grey": lambda p: p.convert("L").convert("RGB"),
    "contrast raised by 30 %": lambda p: ImageEnhance.Contrast(p).enhance(1.3),
    "stretched by a quarter": stretched,
    "trimmed by 2 % on each side": lambda p: trimmed(p, 0.02),
    "brighter by a fifth": lambda p: ImageEnhance.Brightness(p).enhance(1.2),
    "trimmed by 5 % on each side": lambda p: trimmed(p, 0.05),
    "mirrored": ImageOps.mirror,
}


def bits(image: Image.Image) -> int:
    found = fingerprint(pixels(image))
    assert found is not None
    return found


def distances(copy: Copy) -> list[int]:
    return [distance(bits(p), bits(copy(p))) for p in pictures()]


def others() -> list[int]:
    """Between each two different pictures."""
    return [distance(a, b) for a, b in itertools.combinations(map(bits, pictures()), 2)]


def lines() -> Iterator[str]:
    yield "| copy | bits that differ | found again |"
    yield "|---|---|---|"
    for name, found in [
        *((name, distances(copy)) for name, copy in COPIES.items()),
        ("another picture (must not be found)", others()),
    ]:
        near = sum(d <= NEAR for d in found)
        yield f"| {name} | {min(found)} to {max(found)} | {near} of {len(found)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="put the table into docs/history.md")
    table = "\n".join(lines())
    if parser.parse_args().write:
        what = (
            f"Of {len(pictures())} natural pictures, found within {NEAR} of 64 bits; written by "
            "`python bench/similarity.py --write`.\n\n"
        )
        pages.written(PAGE, "alike", what + table)
    print(table)


if __name__ == "__main__":
    main()
