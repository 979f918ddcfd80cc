"""Scores films as the product does, and writes one line a film.

    python -m lab.synthetic_image.films --out films.csv [--split test] [--most 20] [--kept FOLDER]

Genuine: clips of filmed speakers, and photographs of every row over which a camera pans. Generated:
ComfyUI's examples of films, of generators that nothing was trained on, and generated pictures over
which a camera pans. All pass through H.264. Runs in the product's own environment.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from lab.synthetic_image import rows
from lab.synthetic_image.folders import add_arguments, folders
from lab.synthetic_image.score import add_head_arguments, chosen
from lab.synthetic_image.sources import Folders, Picture
from ml.engine.contract import Pixels
from ml.engine.detectors.synthetic_image.crops import every_look, taken
from ml.engine.detectors.synthetic_image.films import MOMENTS, MomentPicker
from ml.evaluation import video_codec

COLUMNS = ("split", "row", "source", "fake", "name", "rate", "logits")
RATES = (18, 23, 28)
"""Constant rate factors of H.264, one for each picture."""
EVERY_RATE = (18, 23, 28, 33)
FRAME_RATE = 25
PANS = 12
"""The number of frames in a pan."""
IN_VIEW = 0.9
"""The share of the picture's width and height that each frame shows."""
LARGEST = 1280
MOST_FRAMES = 50
EACH_SPEAKER = 4
NOT_PANNED = (
    "dfdc", "film frames", "hard: screenshot", "hard: scan", "hard: professional, as taken",
)  # fmt: skip
"""Crops of faces, filmed speakers, who have rows of their own, and what is no film."""


@dataclass(frozen=True)
class Film:
    row: str
    source: str
    fake: bool
    name: str
    rate: int | None
    """None: as it was received."""
    read: Callable[[], Sequence[Pixels]]
    """The moments that are looked at."""


def films(places: Folders, split: str, most: int) -> Iterator[Film]:
    yield from speakers(places, split)
    pictures = itertools.chain(
        rows.genuine(places, split, most),
        rows.hard(places, split, most),
        still_generated(places, split, most),
    )
    for item in pictures:
        if item.row not in NOT_PANNED:
            rate = RATES[zlib.crc32(item.picture.name.encode()) % len(RATES)]
            yield Film(
                item.row, item.source, item.fake, item.picture.name, rate,
                panned(item.picture, rate),
            )  # fmt: skip
    if split == "test":
        yield from generated(places)


def still_generated(places: Folders, split: str, most: int) -> Iterator[rows.Item]:
    """Those of the validation split set the line, those of the test split are reported."""
    if split == "val":
        yield from rows.met(places, most)
        return
    for name in ("sd21_faces", "gpt4o"):
        for picture in rows.thinned(rows.faces_of(name, places, "test"), most):
            yield rows.Item(f"{name}, panned", name, True, picture)


def generated(places: Folders) -> Iterator[Film]:
    """Films by generators of films; their first moments may be a photograph that one continued."""
    for path in sorted((places.gen / "comfy").glob("*.webp")):
        with Image.open(path) as film:
            is_film = getattr(film, "n_frames", 1) > MOMENTS
        if is_film:
            for rate in EVERY_RATE:
                yield Film(
                    f"comfy films, CRF {rate}", f"comfy {rows.generator(path.name)}", True,
                    path.name, rate, animated(path, rate),
                )  # fmt: skip


def speakers(places: Folders, split: str) -> Iterator[Film]:
    by_speaker = defaultdict(list)
    with (places.clips / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] == split:
                by_speaker[row["speaker"]].append(row)
    for speaker, found in sorted(by_speaker.items()):
        found.sort(key=lambda row: zlib.crc32(row["member"].encode()))
        for number, row in enumerate(found[:EACH_SPEAKER]):
            archive, member = places.clips / row["archive"], row["member"]
            yield Film("speakers", speaker, False, member, None, clip(archive, member, None))
            rate = EVERY_RATE[1:][number % 3]
            yield Film(
                "speakers, compressed again", speaker, False, member, rate,
                clip(archive, member, rate),
            )  # fmt: skip


def clip(archive: Path, member: str, rate: int | None) -> Callable[[], Sequence[Pixels]]:
    def read() -> Sequence[Pixels]:
        with zipfile.ZipFile(archive) as opened:
            frames = video_codec.decoded(opened.read(member))
        return moments(frames if rate is None else passed(frames, rate), MOMENTS)

    return read


def animated(path: Path, rate: int) -> Callable[[], Sequence[Pixels]]:
    def read() -> Sequence[Pixels]:
        frames = []
        with Image.open(path) as film:
            for number in range(min(getattr(film, "n_frames", 1), MOST_FRAMES)):
                film.seek(number)
                frames.append(np.array(film.convert("RGB")))
        return moments(passed(frames, rate), MOMENTS)

    return read


def panned(picture: Picture, rate: int) -> Callable[[], Sequence[Pixels]]:
    """Its moments differ little, so that two are enough."""

    def read() -> Sequence[Pixels]:
        return moments(passed(pan(picture.read()), rate), 2)

    return read


def pan(pixels: Pixels) -> list[Pixels]:
    scale = min(1.0, LARGEST / max(pixels.shape[:2]))
    if scale < 1:
        pixels = np.asarray(
            cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
    height, width = (int(IN_VIEW * side) for side in pixels.shape[:2])
    down, across = pixels.shape[0] - height, pixels.shape[1] - width
    places = np.linspace(0, 1, PANS)
    return [
        np.ascontiguousarray(pixels[int(down * p) :, int(across * p) :][:height, :width])
        for p in places
    ]


def passed(frames: Sequence[Pixels], rate: int) -> list[Pixels]:
    """Through H.264; odd sides lose their last row or column."""
    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    even = [frame[:height, :width] for frame in frames]
    return video_codec.passed(even, rate=FRAME_RATE, crf=rate, preset="fast")


def moments(frames: Sequence[Pixels], count: int) -> list[Pixels]:
    """As in service, of a video of this length."""
    picker = MomentPicker(len(frames) / FRAME_RATE, count)
    return [frame for number, frame in enumerate(frames) if picker.picks(number / FRAME_RATE)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_arguments(parser)
    add_head_arguments(parser)
    parser.add_argument("--most", type=int, default=20, help="pictures a row")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    side, features, head = chosen(options)
    with options.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for film in films(folders(options), options.split, options.most):
            looks = []
            for pixels in film.read():
                picture = taken(pixels, side)
                if not picture.unfit:
                    looks.append([look.logit for look in every_look(picture, features, head)])
            writer.writerow(
                {
                    "split": options.split, "row": film.row, "source": film.source,
                    "fake": int(film.fake), "name": film.name, "rate": film.rate or "",
                    "logits": "; ".join(" ".join(f"{v:.4f}" for v in one) for one in looks),
                }
            )  # fmt: skip
            file.flush()


if __name__ == "__main__":
    main()
