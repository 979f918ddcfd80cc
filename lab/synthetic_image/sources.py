"""Divides genuine pictures into training and held-out ones, from folders that the caller names.

`GEN` is what `lay_out.py` lays out, `FACES` the archives of faces, `PHOTOS` the unpacked Debian
packages with photographs, `DRAWN` packages with wallpapers that people drew, `CLIPS` an archive of
filmed speakers.
"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Pixels = NDArray[np.uint8]

PHOTOGRAPHS = {
    "train": (
        "Dragonfly_by_Bolly", "Picture_1A_by_freespace", "aitzgorri_by_Aitzol", "free_by_Peter",
        "greentock_by_Peter", "picosdeeuropa_by", "sunset_by_Aitzol", "BytheWater/",
        "ColorfulCups/", "EveningGlow/", "Grey/contents", "OneStandsOut/", "mate/nature/",
    ),
    "test": (
        "Bridge_by_Sander", "Picture_0B_by_freespace", "Wine_by_Jakkub", "friends_by_Aitzol",
        "life_by_Aitzol", "seeding_by_Clements", "Kleiber_by_Lukas", "ColdRipple/", "DarkestHour/",
        "FallenLeaf/", "Kite/contents", "Path/contents", "summer_1am/",
    ),
}  # fmt: skip
"""Photographs among the wallpapers of Debian, chosen by eye; the others are drawn or rendered."""

NOT_DRAWN = ("_by_", "screenshot", "mate/nature", "Autumn", "lomiri")


@dataclass(frozen=True)
class Picture:
    name: str
    source: str
    read: Callable[[], Pixels]


@dataclass(frozen=True)
class Folders:
    gen: Path
    faces: Path
    photos: Path
    clips: Path
    drawn: Path


def genuine(folders: Folders, split: str) -> Iterator[Picture]:
    yield from laid_out(folders, split, "real", ("imagenet_samples", "bsds"))
    yield from photographs(folders, split)
    yield from faces(folders, split, "real")
    yield from frames(folders, split)


def laid_out(
    folders: Folders, split: str | None, label: str, sets: tuple[str, ...]
) -> Iterator[Picture]:
    with (folders.gen / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            if row["source"] not in sets or row["label"] != label:
                continue
            if split is not None and row["split"] != split:
                continue
            yield Picture(row["path"], row["source"], file_of(folders.gen / row["path"]))


def photographs(folders: Folders, split: str) -> Iterator[Picture]:
    for path in sorted(folders.photos.rglob("*.jpg")):
        wanted = any(name in str(path) for name in PHOTOGRAPHS.get(split, ()))
        if wanted and path.stat().st_size > 250_000 and "1920" not in path.name:
            yield Picture(path.name, "debian", file_of(path))


def drawn(folders: Folders, split: str) -> Iterator[Picture]:
    """Wallpapers that people drew or rendered; half of the collections train, half test."""
    found: dict[str, list[Path]] = {}
    photographed = [name for names in PHOTOGRAPHS.values() for name in names]
    for file in sorted([*folders.photos.rglob("*"), *folders.drawn.rglob("*")]):
        picture = file.suffix in (".jpg", ".png", ".webp") and file.stat().st_size >= 60_000
        if not picture or any(word in str(file) for word in (*NOT_DRAWN, *photographed)):
            continue
        part = str(file).split("wallpapers/")[-1]
        name = part.split("/contents")[0] if "/contents" in part else file.stem.split("_")[0]
        found.setdefault(name, []).append(file)
    for name, files in sorted(found.items()):
        if (zlib.crc32(name.encode()) % 2 == 0) == (split == "train"):
            for file in files[:3]:
                yield Picture(f"{name}/{file.name}", "drawn", file_of(file))


def faces(
    folders: Folders, split: str, label: str, only: tuple[str, ...] = ()
) -> Iterator[Picture]:
    archives: dict[str, zipfile.ZipFile] = {}
    with (folders.faces / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            if row["label"] != label or row["split"] != split:
                continue
            if only and row["source"] not in only:
                continue
            name = row["archive"]
            if name not in archives:
                archives[name] = zipfile.ZipFile(folders.faces / name)
            yield Picture(row["member"], row["source"], _member(archives[name], row["member"]))


def frames(folders: Folders, split: str) -> Iterator[Picture]:
    with (folders.clips / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            if row["split"] == split:
                read = _frame(folders.clips / row["archive"], row["member"])
                yield Picture(row["member"], "talking", read)


def _pixels(image: Image.Image) -> Pixels:
    if image.mode in ("RGBA", "LA", "P"):
        image = image.convert("RGBA")
        back = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(back, image)
    return np.array(ImageOps.exif_transpose(image).convert("RGB"))


def file_of(path: Path) -> Callable[[], Pixels]:
    return lambda: _pixels(Image.open(path))


def _member(archive: zipfile.ZipFile, member: str) -> Callable[[], Pixels]:
    return lambda: _pixels(Image.open(io.BytesIO(archive.read(member))))


def _frame(archive: Path, member: str) -> Callable[[], Pixels]:
    def read() -> Pixels:
        with (
            zipfile.ZipFile(archive) as opened,
            tempfile.NamedTemporaryFile(suffix=Path(member).suffix) as file,
        ):
            file.write(opened.read(member))
            file.flush()
            film = cv2.VideoCapture(file.name)
            film.set(cv2.CAP_PROP_POS_FRAMES, 8)
            good, picture = film.read()
            film.release()
        if not good:
            raise OSError(f"{member}: no frame")
        return np.ascontiguousarray(picture[:, :, ::-1])

    return read
