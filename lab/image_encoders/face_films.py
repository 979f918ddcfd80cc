"""Measures `diffusion_face` on faces in videos, and writes the figures into its card.

    python -m lab.image_encoders.face_films [--each 3] [--generated 90] [--release]

Genuine: clips of filmed speakers whom the head never met; of each clip some moments, of which the
strongest counts, as in service. Generated: faces of the test split, one moment each, through H.264
as films hold them. Runs in the product's own environment, with the served encoder.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from lab.common.speaking import say
from lab.image_encoders.face_crops import MARGIN, Cutter
from lab.synthetic_image.folders import add_arguments, folders
from lab.synthetic_image.sources import Folders, laid_out
from ml.engine.contract import Pixels
from ml.engine.detectors.diffusion_face.detector import FOLDER, MOMENTS, DiffusionFace
from ml.engine.media.faces import FaceFinder
from ml.evaluation import degrade, metrics

RATES = (23.0, 28.0, 33.0)
"""Constant rate factors of H.264."""
WIDTH = 384
"""Pixels of a generated face's picture in the film."""


def speakers(places: Folders, each: int) -> Iterator[tuple[str, list[Pixels]]]:
    """So many clips of each speaker, and the moments of each clip."""
    with (places.clips / "manifest.csv").open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: zlib.crc32(row["member"].encode()))
    by_speaker = defaultdict(list)
    for row in rows:
        by_speaker[row["speaker"]].append(row)
    for speaker, found in sorted(by_speaker.items()):
        for row in found[:each]:
            with zipfile.ZipFile(places.clips / row["archive"]) as archive:
                content = archive.read(row["member"])
            yield speaker, _moments(content)


def _moments(content: bytes) -> list[Pixels]:
    with av.open(io.BytesIO(content), "r") as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    places = np.linspace(0, len(frames) - 1, MOMENTS).round().astype(int)
    return [np.ascontiguousarray(frames[place], dtype=np.uint8) for place in places]


def generated(places: Folders, most: int) -> Iterator[tuple[float, Pixels]]:
    """Faces by the model that the head learnt, none of them shown to it, as films hold them."""
    pictures = sorted(
        laid_out(places, "test", "fake", ("sd21_faces",)),
        key=lambda picture: zlib.crc32(picture.name.encode()),
    )
    for picture, rate in zip(pictures[:most], itertools.cycle(RATES), strict=False):
        whole = picture.read()
        size = (WIDTH, round(WIDTH * whole.shape[0] / whole.shape[1]))
        small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
        yield rate, degrade.h264(np.ascontiguousarray(small, dtype=np.uint8), rate)


class Looker:
    def __init__(self, finder: FaceFinder) -> None:
        self.check, self.cutter = DiffusionFace(), Cutter(finder, scored=False)

    def __call__(self, pictures: Sequence[Pixels]) -> float | None:
        """The strongest of the moments in which a face was found."""
        cut = [self.cutter.cut(pixels, MARGIN) for pixels in pictures]
        squares = [np.ascontiguousarray(one[0]) for one in cut if one is not None]
        logits = [self.check.head(self.check.encoder.features(square)) for square in squares]
        return max(logits) if logits else None


def measured(places: Folders, each: int, most: int) -> dict[str, Any]:
    genuine, fakes = [], []
    with FaceFinder(most=1) as finder:
        look = Looker(finder)
        for speaker, pictures in speakers(places, each):
            if (logit := look(pictures)) is not None:
                genuine.append((speaker, logit))
        for rate, picture in generated(places, most):
            if (logit := look([picture])) is not None:
                fakes.append((rate, logit))
        found_at = look.check.calibration.line.found_at
    real, fake = np.array([v for _, v in genuine]), np.array([v for _, v in fakes])
    labels = [False] * len(real) + [True] * len(fake)
    return {
        "genuine": {
            "clips": len(real),
            "speakers": len({speaker for speaker, _ in genuine}),
            "found": round(float((real >= found_at).mean()), 3),
            "highest_logit": round(float(real.max()), 2),
        },
        "generated": {
            "faces": len(fake),
            "auc": round(metrics.auc(labels, np.concatenate([real, fake])) or 0.0, 3),
            "found": round(float((fake >= found_at).mean()), 3),
            "found_by_rate_factor": {
                f"{rate:g}": round(
                    float(np.mean([v >= found_at for at, v in fakes if at == rate])), 3
                )
                for rate in RATES
            },
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_arguments(parser)
    parser.add_argument("--each", type=int, default=3, help="clips of each speaker")
    parser.add_argument("--generated", type=int, default=90, help="generated faces")
    parser.add_argument("--release", action="store_true", help="write the card")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    figures = measured(folders(options), options.each, options.generated)
    say(json.dumps(figures, indent=1))
    if options.release:
        path = Path(FOLDER) / "card.json"
        card = json.loads(path.read_text())
        card["measured"]["films"] = figures
        path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
