"""Reads the talking clips from their manifest, and the stored results of `clips.py` outside the
project."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.common.archives import ManifestRefused
from ml.engine.contract import Samples

SPLITS = ("train", "val", "test")
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


def write(talks: Sequence[Talk], file: Path) -> None:
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
