"""The talking clips: read from their manifest, seen through the engine, kept outside the project.

Every clip goes the way of a file under examination: decoded in the sandbox, faces found five times
a second, mouths cut by `ml.media.lips`. Only the mouth's opening in every frame is measured on top,
for training alone.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.contract import Finding, Media, Samples, Status, View
from ml.engine import analyse
from ml.media import lips
from ml.media.points import PointNetwork, round_points
from ml.training.archives import Archives, ManifestRefused

SPLITS = ("train", "val", "test")
FEWEST_MOUTHS = 24
STORE = "clips.npz"
KEPT_AS = 1
"""Raised whenever the same clip would be cut differently."""


@dataclass(frozen=True, slots=True)
class Clip:
    archive: str
    member: str
    split: str
    speaker: str
    sha256: str


@dataclass(frozen=True)
class Talk:
    """One clip as training sees it."""

    clip: Clip
    start: float
    """Second of the sound at which the first mouth is."""
    mouths: NDArray[np.uint8]
    shapes: NDArray[np.float32]
    """A mouth a row: how far it is open and how wide, over the eyes' distance."""
    sound: Samples


def aligned(talks: Iterable[Talk], offsets: Mapping[str, float]) -> list[Talk]:
    """Each sound in its place, where it is known by how many places the speaker's comes late."""
    return [
        replace(talk, start=talk.start + offsets.get(talk.clip.speaker, 0.0) / lips.RATE)
        for talk in talks
    ]


def read_manifest(path: Path) -> list[Clip]:
    with path.open(newline="", encoding="utf-8") as file:
        try:
            clips = [
                Clip(row["archive"], row["member"], row["split"], row["speaker"], row["sha256"])
                for row in csv.DictReader(file)
            ]
        except KeyError as error:
            raise ManifestRefused(f"The manifest has no column {error}.") from error
    if not clips:
        raise ManifestRefused(f"{path} has no rows.")
    check_splits(clips)
    return clips


def check_splits(clips: Iterable[Clip]) -> None:
    """A speaker, or the very same clip, in two splits would make every figure worthless."""
    splits: dict[str, set[str]] = {}
    for clip in clips:
        if clip.split not in SPLITS:
            raise ManifestRefused(f"{clip.member}: the split is {clip.split!r}, not of {SPLITS}.")
        for key in (f"speaker {clip.speaker}", f"clip {clip.sha256}"):
            splits.setdefault(key, set()).add(clip.split)
    crossing = sorted(key for key, where in splits.items() if len(where) > 1)
    if crossing:
        raise ManifestRefused(f"{len(crossing)} stand in two splits; the first is {crossing[0]}.")


# === Seen through the engine ===


class Collector:
    """Stands among the detectors and keeps what the lip sync detector would be given."""

    name, version, frame_rate = "collector", "1", 0.0
    close_seconds = 10.0

    def __init__(self) -> None:
        self.points = PointNetwork()
        self.stretches: list[lips.Stretch] = []
        self.openings: dict[int, list[tuple[float, float, float]]] = {}
        self.sound: Samples | None = None

    def not_applicable(self, media: Media) -> str | None:
        return None

    def examine(self, media: Media) -> Collector:
        self.media, self.reader = media, lips.LipReader()
        self.stretches, self.openings, self.sound = [], {}, None
        self._last: dict[int, NDArray[np.float32]] = {}
        return self

    def observe(self, view: View) -> None:
        self.reader.observe(view)
        self._last |= {face.track: face.landmarks for face in view.faces}
        for track, before in list(self._last.items()):
            points = self.points(view.frame.pixels, round_points(before))
            if points is not None:
                self._last[track] = points
                row = (view.frame.seconds, *lips.opening(points))
                self.openings.setdefault(track, []).append(row)

    def conclude(self) -> Finding:
        self.stretches, self.sound = self.reader.stretches(), self.media.audio()
        return Finding(self.name, self.version, Status.RAN, "Collected.")


def talk(clip: Clip, content: bytes, collector: Collector) -> Talk | None:
    """The clip's longest stretch; None when no face is seen long enough or there is no sound."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        analyse(file, detectors=[collector])
    usable = [s for s in collector.stretches if len(s.mouths) >= FEWEST_MOUTHS]
    if not usable or collector.sound is None:
        return None
    best = max(usable, key=lambda s: len(s.mouths))
    seen = np.array(collector.openings.get(best.track, []))
    if len(seen) < len(best.mouths) / 2:
        return None
    times = best.start + np.arange(len(best.mouths)) / lips.RATE
    shapes = np.stack([np.interp(times, seen[:, 0], seen[:, n]) for n in (1, 2)], axis=1)
    return Talk(clip, best.start, best.mouths, shapes.astype(np.float32), collector.sound)


def prepare(
    clips: Sequence[Clip],
    folder: Path,
    target: Path,
    *,
    watch: Callable[[Sequence[Clip]], Iterable[Clip]] = lambda clips: clips,
) -> list[Talk]:
    """All talks; made once, then read from `target`."""
    if (target / STORE).exists():
        return opened(clips, target)
    collector = Collector()
    talks: list[Talk] = []
    with Archives(folder) as archives:
        for clip in watch(clips):
            found = talk(clip, archives.read(clip), collector)
            if found is not None:
                talks.append(found)
    target.mkdir(parents=True, exist_ok=True)
    _write(talks, target / STORE)
    return talks


def _write(talks: Sequence[Talk], file: Path) -> None:
    arrays: dict[str, NDArray[np.generic]] = {
        "kept_as": np.array(KEPT_AS),
        "sha256": np.array([talk.clip.sha256 for talk in talks]),
        "start": np.array([talk.start for talk in talks]),
        "mouth_counts": np.array([len(talk.mouths) for talk in talks]),
        "sound_counts": np.array([len(talk.sound) for talk in talks]),
        "mouths": np.concatenate([talk.mouths for talk in talks]),
        "shapes": np.concatenate([talk.shapes for talk in talks]),
        "sound": np.concatenate([talk.sound for talk in talks]),
    }
    part = file.with_suffix(".part")
    with part.open("wb") as out:
        np.savez(out, **arrays)  # type: ignore[arg-type]
    part.replace(file)


def opened(clips: Sequence[Clip], target: Path) -> list[Talk]:
    by_digest = {clip.sha256: clip for clip in clips}
    with np.load(target / STORE) as kept:
        if int(kept["kept_as"]) != KEPT_AS:
            raise ManifestRefused(f"{target / STORE} was made by an older version; delete it.")
        mouth_ends, sound_ends = np.cumsum(kept["mouth_counts"]), np.cumsum(kept["sound_counts"])
        mouths = np.split(kept["mouths"], mouth_ends[:-1])
        shapes = np.split(kept["shapes"], mouth_ends[:-1])
        sounds = np.split(kept["sound"], sound_ends[:-1])
        starts, digests = kept["start"], kept["sha256"]
    return [
        Talk(by_digest[str(digest)], float(start), mouth, shape, sound)
        for digest, start, mouth, shape, sound in zip(
            digests, starts, mouths, shapes, sounds, strict=True
        )
        if str(digest) in by_digest
    ]
