"""Prepares faces to measure the mouth check on: stills and videos, altered, genuine, and genuine
but similar to altered ones.

    python -m lab.mouths.rows --also NEWS --drawers FOLDER --out FOLDER --split val     (then test)

Nobody in them was learnt from. Training knows the last of these ways of drawing (`KINDS`) and none
of the others: the networks that draw are others, and only here is the lower face alone put in.
Films are altered frame by frame and encoded afterwards. Runs where the product and PyTorch are both
at hand.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from lab.clearing import films
from lab.clearing.forging import Clip
from lab.common.speaking import say
from lab.face import faces
from lab.face.store import Store, face_finder
from lab.image_encoders.face_crops import MARGIN
from lab.mouths import controls, programs
from lab.mouths.batches import SIDE
from lab.mouths.drawers import passing, trained
from lab.mouths.programs import LOWER_FACE, LOWER_HALF, WHOLE_BOX, Drawer, Program
from lab.synthetic_image.autoencoder import Taef2
from lab.synthetic_image.folders import add_arguments
from ml.engine.contract import Crop, FaceTrack, Frame, Pixels
from ml.engine.detectors import face_forgery
from ml.engine.detectors.mouth_forgery.region import lower_face
from ml.engine.media import crops
from ml.engine.media.crops import to_side, with_margin
from ml.engine.media.face_scores import FaceNetwork
from ml.engine.media.faces import FaceFinder
from ml.engine.serving import Served
from ml.evaluation import data_folders, degrade, video_codec

KINDS = {
    "whole box at 96 pixels": (WHOLE_BOX, 96, "filler-b"),
    "lower half of the box at 96 pixels": (LOWER_HALF, 96, "narrow-b"),
    "lower face at 256 pixels": (LOWER_FACE, 256, "filler-b"),
    "lower face by TAEF2": (LOWER_FACE, 256, "taef2"),
    "lower half of the box, nothing drawn": (LOWER_HALF, 96, "plain"),
}
ONLY_STILLS = ("lower face by TAEF2",)
"""Too slow for films here."""
GENUINE = {"dfdc": 300, "ffhq": 120, "lfw": 200, "utkface": 150}
ALTERED = 20
"""Stills of each source, in each way."""
CHANGED = 18
"""Genuine stills of each source, after each harmless change."""
CLIPS_ALTERED = 8
"""The number of videos of each speaker and each method."""
FRAMES, LOOKS = 12, 4
"""Of each film: so many frames of the clip, and so many that are looked at, as in service."""
RATES = (18, 23, 28, 33)
FILM_CHANGES = ("beauty filter", "soft focus", "made smaller", "few bits")


@dataclass(frozen=True)
class Row:
    crop: Crop
    kind: str
    """Empty for a genuine face."""
    source: str
    group: str
    film: str = ""
    degraded: bool = False


class Cutter:
    def __init__(self, finder: FaceFinder) -> None:
        self.finder = finder
        self.network = FaceNetwork(Served(Path(face_forgery.__path__[0])))

    def __call__(self, pixels: Pixels) -> Crop | None:
        """The largest face, as in service, if it holds enough to be judged."""
        found = self.finder.in_still(np.ascontiguousarray(pixels))
        crop = crops.cut(Frame(0, 0.0, pixels), found[0]) if found else None
        if crop is None or not self.network.usable(FaceTrack(1, 0.0, 0.0, 1, (crop,))):
            return None
        return crop


def programs_of(kind: str, drawers_: dict[str, Drawer], seed: int) -> Program:
    part, side, drawer = KINDS[kind]
    random = np.random.default_rng([13, seed])
    return replace(programs.drawn(random, {drawer: drawers_[drawer]}, parts=(part,)), side=side)


def genuine_of(store: Store, split: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for number, item in enumerate(store.items):
        if item.split == split and not item.is_fake and store.has_face(number):
            found[item.source].append(number)
    random = np.random.default_rng(17)
    return {s: [n[int(k)] for k in random.permutation(len(n))] for s, n in sorted(found.items())}


def stills(store: Store, split: str, drawn: dict[str, Drawer], cut: Cutter) -> Iterator[Row]:
    """Genuine stills as they are and degraded; some of them altered; some changed harmlessly."""
    found = genuine_of(store, split)
    for source, most in GENUINE.items():
        for number in found[source][:most]:
            picture = np.ascontiguousarray(store.picture(number))
            group = group_of(store, number)
            chain = degrade.draw(np.random.default_rng([7, number]), untouched=0.0)
            for degraded in (False, True):
                if (crop := cut(chain(picture) if degraded else picture)) is not None:
                    yield Row(crop, "", source, group, degraded=degraded)
    for source in GENUINE:
        for at, name in enumerate(controls.CHANGES):
            for number in found[source][at * CHANGED : (at + 1) * CHANGED]:
                strength = float(np.random.default_rng([19, number]).random())
                changed = controls.CHANGES[name](
                    np.ascontiguousarray(store.picture(number)), store.points(number), strength
                )
                if (crop := cut(changed)) is not None:
                    yield Row(crop, "", f"alike: {name}", group_of(store, number))
        for at, kind in enumerate(KINDS):
            for number in found[source][at * ALTERED : (at + 1) * ALTERED]:
                picture, points = np.ascontiguousarray(store.picture(number)), store.points(number)
                made, _ = programs_of(kind, drawn, number)(picture, points, picture, points)
                chain = degrade.draw(np.random.default_rng([23, number]), untouched=0.35)
                if (crop := cut(chain(made))) is not None:
                    yield Row(crop, kind, source, group_of(store, number))


def group_of(store: Store, number: int) -> str:
    item = store.items[number]
    return f"{item.source} {item.identity or item.pair or item.member}"


def filmed(clips: Sequence[Clip], drawn: dict[str, Drawer], cut: Cutter) -> Iterator[Row]:
    """Every clip as it is; some in each of the ways; some after harmless changes."""
    by_speaker: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        by_speaker[clip.speaker].append(clip)
    for speaker, some in sorted(by_speaker.items()):
        for number, clip in enumerate(some):
            crf = RATES[number % len(RATES)]
            yield from looked_at(clip.frames, crf, cut, "", "films", speaker, f"{clip.name} as is")
            if number >= CLIPS_ALTERED:
                continue
            alike = [c for c in some if c.frames[0].shape == clip.frames[0].shape]
            other = alike[(alike.index(clip) + 1) % len(alike)]
            for kind in KINDS:
                if kind in ONLY_STILLS:
                    continue
                program = programs_of(kind, drawn, number)
                frames = [
                    program(frame, points, other.frames[at], other.points[at])[0]
                    for at, (frame, points) in enumerate(zip(clip.frames, clip.points, strict=True))
                    if at < len(other.frames)
                ]
                name = f"{clip.name} {kind}"
                yield from looked_at(frames, crf, cut, kind, "films", speaker, name)
            change = FILM_CHANGES[number % len(FILM_CHANGES)]
            strength = float(np.random.default_rng([29, number]).random())
            frames = [
                controls.CHANGES[change](frame, points, strength)
                for frame, points in zip(clip.frames, clip.points, strict=True)
            ]
            name = f"{clip.name} {change}"
            yield from looked_at(frames, crf, cut, "", f"films alike: {change}", speaker, name)


def looked_at(
    frames: Sequence[Pixels], crf: int, cut: Cutter,
    kind: str, source: str, speaker: str, name: str,
) -> Iterator[Row]:  # fmt: skip
    decoded = video_codec.passed(frames, rate=12, crf=crf)
    for place in np.linspace(0, len(decoded) - 1, LOOKS).round().astype(int):
        if (crop := cut(decoded[place])) is not None:
            yield Row(crop, kind, source, speaker, name)


def clips_of(folder: Path, split: str) -> Iterator[Clip]:
    """Frames spread over each clip, with their landmarks."""
    with face_finder() as find:
        for half, clip in films.clips(folder, find):
            if half == split:
                places = np.linspace(0, len(clip.frames) - 1, FRAMES).round().astype(int)
                yield replace(
                    clip,
                    frames=[clip.frames[place] for place in places],
                    points=[clip.points[place] for place in places],
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_arguments(parser)
    parser.add_argument("--also", type=Path, required=True, help="filmed faces, cut by `prepare`")
    parser.add_argument("--drawers", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", default="test", choices=("val", "test"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    talking = data_folders.research("talking")
    if talking is None:
        raise SystemExit("The clips of filmed speakers are not there; see docs/training-mouths.md.")
    store, _ = faces.opened(faces.own([options.also]))
    drawn = trained(options.drawers, ("filler-b", "narrow-b"))
    drawn["plain"] = programs.plain
    drawn["taef2"] = passing(Taef2(options.weights).eval())
    with FaceFinder(most=1) as finder:
        cut = Cutter(finder)
        kept = list(stills(store, options.split, drawn, cut))
        say(f"{options.split}: {len(kept)} stills")
        kept += filmed(list(clips_of(talking, options.split)), drawn, cut)
        say(f"{options.split}: {len(kept)} with films")
        small = [cut.network.look(row.crop)[0] for row in kept]
    options.out.mkdir(parents=True, exist_ok=True)
    columns: dict[str, Any] = {
        name: np.array([getattr(row, name) for row in kept])
        for name in ("kind", "source", "group", "film", "degraded")
    }
    np.savez(
        options.out / f"altered-{options.split}.npz",
        lower=np.stack([to_side(lower_face(row.crop), SIDE) for row in kept]),
        crops=np.stack([to_side(with_margin(row.crop, MARGIN), 128) for row in kept]),
        small=np.array(small, np.float32),
        **columns,
    )


if __name__ == "__main__":
    main()
