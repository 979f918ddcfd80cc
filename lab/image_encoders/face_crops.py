"""Cuts faces as the face checks see them, for heads on the image encoder.

    python -m lab.image_encoders.face_crops --out FOLDER [--split test] [--family stylegan]

Face detection, crop and small networks are those of service; only the sandbox is omitted. Each
picture is used unchanged and degraded, or in one of these ways (`ways`). Runs in the product's own
environment and writes one file per split.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lab.common.speaking import say
from lab.face.data import read_manifest
from lab.synthetic_image import rows
from lab.synthetic_image.degrade import hardened as hard_change
from lab.synthetic_image.folders import add_arguments, folders
from lab.synthetic_image.sources import Folders, Picture, faces, laid_out
from ml.engine.contract import Crop, FaceTrack, Frame, Pixels
from ml.engine.detectors import face_forgery, synthetic_face
from ml.engine.media import crops
from ml.engine.media.face_scores import FaceNetwork
from ml.engine.media.faces import FaceFinder
from ml.engine.serving import Served
from ml.evaluation import degrade

SIDE = 128
MARGIN = 0.03
FAMILIES = ("sd21", "stylegan")
HARD_TO_TELL = ("ffhq", "stylegan")
"""The photographs that a family learnt from: what `--draws` is for."""
GALLERIES = ("comfy", "gpt4o", "gpt_images")
HARD_IN_TRAINING = 420
HARD_PICTURES = 100
"""The number of faces of each hard row."""


@dataclass(frozen=True)
class Face:
    source: str
    fake: bool
    group: str
    checked: bool
    picture: Picture


def listed(places: Folders, split: str, most: int | None, family: str = "sd21") -> Iterator[Face]:
    """Genuine faces of the research set, the same ones every time, and generated faces of one
    family: only that family trains and calibrates, the others are measured. Swaps are another
    check's."""
    known = {item.member: item for item in read_manifest(places.faces / "manifest.csv")}
    families = FAMILIES if split == "test" else (family,)
    for label in ("real", "fake") if "stylegan" in families else ("real",):
        by_source: dict[str, list[Face]] = {}
        for picture in faces(places, split, label):
            item = known[picture.name]
            group = f"{item.source} {item.identity or item.pair or item.member}"
            face = Face(item.source, item.is_fake, group, item.checked_pair, picture)
            by_source.setdefault(item.source, []).append(face)
        for source, found in sorted(by_source.items()):
            if (label, source) == ("fake", "dfdc"):
                continue
            yield from spread(found)[:most]
    if "sd21" in families:
        for picture in laid_out(places, split, "fake", ("sd21_faces",)):
            yield Face("sd21", True, f"sd21 {picture.name}", True, picture)
    if split == "test":
        for name in GALLERIES:
            for picture in laid_out(places, None, "fake", (name,)):
                if not any(word in picture.name for word in rows.NOT_GENERATED):
                    yield Face(name, True, f"{name} {picture.name}", True, picture)
    yield from hardened(places) if split == "train" else hard(places, split)


def portraits(places: Folders, split: str) -> list[Face]:
    found = faces(places, split, "real", ("ffhq", "lfw", "utkface"))
    return [Face("", False, f"{p.source} {p.name}", True, p) for p in found]


def hardened(places: Folders) -> Iterator[Face]:
    """Genuine faces for training, each after one drawn change of the kinds that alarm most."""

    def change(pixels: Pixels, number: int) -> Pixels:
        return hard_change(pixels, np.random.default_rng([9, number]))

    for number, face in enumerate(spread(portraits(places, "train"))[:HARD_IN_TRAINING]):
        made = rows.changed(face.picture, change, number)
        yield Face("hard: drawn", False, face.group, True, made)


def hard(places: Folders, split: str) -> Iterator[Face]:
    """Genuine faces after what alarms most, a row each."""
    base = portraits(places, split)
    for name, change in {**rows.HARD, "beauty filter": rows.beauty}.items():
        if name in ("screenshot", "scan"):  # of whole pictures
            continue
        chosen = sorted(base, key=lambda f: zlib.crc32((name + f.picture.name).encode()))
        for number, face in enumerate(chosen[:HARD_PICTURES]):
            made = rows.changed(face.picture, change, number)
            yield Face(f"hard: {name}", False, face.group, True, made)


def spread(found: list[Face]) -> list[Face]:
    return sorted(found, key=lambda face: zlib.crc32(face.picture.name.encode()))


class Cutter:
    def __init__(self, finder: FaceFinder, scored: bool) -> None:
        self.finder, self.scored = finder, scored
        modules = (face_forgery, synthetic_face)
        self.networks = [FaceNetwork(Served(Path(module.__path__[0]))) for module in modules]

    def cut(self, pixels: Pixels, margin: float) -> tuple[Pixels, tuple[float, ...]] | None:
        """The crop at the encoder's size, and what the small networks say of the face."""
        found = self.finder.in_still(pixels)
        crop: Crop | None = crops.cut(Frame(0, 0.0, pixels), found[0]) if found else None
        if crop is None:
            return None
        track = FaceTrack(id=1, first=0.0, last=0.0, seen=1, crops=(crop,))
        usable = self.networks[0].usable(track)
        if not usable:
            return None
        logits = [n.score(track, usable).logit if self.scored else np.nan for n in self.networks]
        return crops.to_side(crops.with_margin(crop, margin), SIDE), tuple(logits)


def ways(face: Face, split: str, random: np.random.Generator, draws: int = 1) -> tuple[bool, ...]:
    """Degraded or not: drawn in training; both ways in measuring, but for hard rows, galleries and
    the genuine faces of the test split, which stand as they are."""
    if split == "train":
        several = draws if face.source in HARD_TO_TELL else 1
        return tuple(bool(random.random() < 0.6) for _ in range(several))
    once = face.source.startswith("hard") or face.source in GALLERIES
    return (False,) if once or (split == "test" and not face.fake) else (False, True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", default="train", choices=("train", "val", "test"))
    parser.add_argument("--family", default="sd21", choices=FAMILIES)
    parser.add_argument(
        "--draws", type=int, default=1, help="crops of each training face that is hard to tell"
    )
    parser.add_argument("--most", type=int, help="pictures a source and label")
    parser.add_argument("--small", action="store_true", help="score with the small networks too")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    training = options.split == "train"
    kept: list[tuple[Face, bool, Pixels, tuple[float, ...]]] = []
    with FaceFinder(most=1) as finder:
        cutter = Cutter(finder, scored=options.small)
        places = folders(options)
        each = listed(places, options.split, options.most, options.family)
        for number, face in enumerate(each):
            random = np.random.default_rng([5, zlib.crc32(face.picture.name.encode())])
            pixels = np.ascontiguousarray(face.picture.read())
            for draw, degraded in enumerate(ways(face, options.split, random, options.draws)):
                seen = np.ascontiguousarray(pixels[:, ::-1]) if draw % 2 else pixels
                margin = float(random.uniform(0, 0.1)) if training else MARGIN
                chain = degrade.draw(random, untouched=0.0)
                made = cutter.cut(chain(seen) if degraded else seen, margin)
                if made is not None:
                    kept.append((face, degraded, *made))
            if number % 500 == 0:
                say(f"{options.split}: {number} pictures, {len(kept)} crops")
    options.out.mkdir(parents=True, exist_ok=True)
    target = options.out / f"crops-{options.split}.npz"
    part = target.with_suffix(".part.npz")
    np.savez(
        part,
        crops=np.stack([pixels for _, _, pixels, _ in kept]),
        small=np.array([logits for _, _, _, logits in kept], np.float32),
        degraded=np.array([degraded for _, degraded, _, _ in kept]),
        fake=np.array([face.fake for face, _, _, _ in kept]),
        checked=np.array([face.checked for face, _, _, _ in kept]),
        source=np.array([face.source for face, _, _, _ in kept]),
        group=np.array([face.group for face, _, _, _ in kept]),
        name=np.array([face.picture.name for face, _, _, _ in kept]),
    )
    part.replace(target)


if __name__ == "__main__":
    main()
