"""Turns your own videos and pictures into a set of faces for training and evaluation.

Every file passes the sandbox and the engine's face tracks. The crops that a detector would see are
stored without loss, with some context. The manifest is rewritten after each file, so that an
interrupted run continues where it stopped.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from lab.common.archives import ManifestRefused
from lab.face import people
from lab.face.data import FAKE, SPLITS, read_manifest
from ml.engine.analysis import FACE_RATE
from ml.engine.contract import Crop, FaceTrack
from ml.engine.media.face_scores import face_side
from ml.engine.media.face_watch import FaceWatch
from ml.engine.media.media_file import fingerprint, opened
from sandbox.services import warden
from sandbox.types import Limits, Rejected, SandboxFailed

MANIFEST = "manifest.csv"
COLUMNS = (
    "path", "archive", "member", "label", "split", "source", "method", "identity", "pair",
    "native_px", "checked_pair", "sha256", "video", "video_sha256", "people", "asked_split",
    "seconds",
)  # fmt: skip
BETWEEN = "/"
"""Between people of one row: no file's name holds it."""
Row = dict[str, str]


@dataclass(frozen=True)
class Labels:
    """What is known of all files of one run."""

    label: str
    source: str
    method: str = ""
    identity: str | None = None
    """The person in all files; otherwise given by `people`, otherwise each file has its own."""
    people: str | None = None
    """A pattern over the file's name; each group that matches is a person in it."""
    pair: str | None = None
    """A pattern over the file's name; its groups name the original video."""
    split: str | None = None
    """The split of all files; otherwise chosen by cluster."""
    faces: int = 1
    """How many faces of a file: the label is the file's, and rarely holds for everybody in it."""
    crops: int = 8
    """The number of crops of each face, evenly over its time."""
    smallest: int = 64
    """Faces with a shorter side than this are left out."""


@dataclass
class Counts:
    """What became of the files."""

    kept: int = 0
    crops: int = 0
    known: int = 0
    without_face: int = 0
    refused: int = 0
    moved: int = 0
    """Pictures of earlier runs whose split changed, because a new file joins their clusters."""


def gather(
    files: Sequence[Path],
    out: Path,
    labels: Labels,
    *,
    watch: Callable[[Sequence[Path]], Iterable[Path]] = lambda files: files,
    say: Callable[[str], None] = lambda line: None,
) -> Counts:
    """Add these files to the set in `out`. Raises ManifestRefused when a split would be cut."""
    counts = Counts()
    rows = read_rows(out / MANIFEST)
    before = {row["path"]: row["split"] for row in rows}
    known = {(row["video_sha256"], row["source"]) for row in rows}
    for file in watch(files):
        try:
            with file.open("rb") as content:
                sha256, size = fingerprint(content)
                if (sha256, labels.source) in known:
                    counts.known += 1
                    continue
                crops = list(chosen(_tracks(content, sha256, size), labels))
        except (OSError, Rejected, SandboxFailed) as error:
            counts.refused += 1
            say(f"{file.name}: {error.sentence if isinstance(error, Rejected) else error}")
            continue
        if not crops:
            counts.without_face += 1
            say(f"{file.name}: no face of {labels.smallest} pixels or more.")
            continue
        known.add((sha256, labels.source))
        rows += [_kept(crop, n, file, sha256, out, labels) for n, crop in enumerate(crops)]
        rows = settled(rows, labels.source)
        write_rows(out / MANIFEST, rows)
        counts.kept += 1
        counts.crops += len(crops)
    counts.moved = sum(row["split"] != before.get(row["path"], row["split"]) for row in rows)
    if rows:
        read_manifest(out / MANIFEST)  # refuses what crosses a split
    return counts


def _tracks(file: io.BufferedReader, sha256: str, size: int) -> Sequence[FaceTrack]:
    """As the engine finds them."""
    with (
        opened(
            file,
            warden=warden(),
            sha256=sha256,
            size=size,
            frame_rate=FACE_RATE,
            limits=Limits(),
        ) as media,
        FaceWatch(media, FACE_RATE) as watch,
    ):
        for frame in media.frames():
            watch.faces(frame)
        return watch.tracks()


def chosen(tracks: Sequence[FaceTrack], labels: Labels) -> Iterator[Crop]:
    """Sufficiently large crops of the most visible faces, evenly over time."""
    usable = [
        (track.seen, [c for c in track.crops if face_side(c) >= labels.smallest])
        for track in tracks
    ]
    ranked = sorted((u for u in usable if u[1]), key=lambda u: -u[0] * _mean_side(u[1]))
    for _, crops in ranked[: labels.faces]:
        count = min(labels.crops, len(crops))
        for place in np.linspace(0, len(crops) - 1, count).round().astype(int):
            yield crops[place]


def _mean_side(crops: Sequence[Crop]) -> float:
    return float(np.mean([face_side(crop) for crop in crops]))


def _kept(crop: Crop, number: int, file: Path, sha256: str, out: Path, labels: Labels) -> Row:
    memory = io.BytesIO()
    Image.fromarray(crop.pixels).save(memory, "PNG")
    content = memory.getvalue()
    # The name says what it is and cannot clash: two folders may hold files of one name.
    member = f"{labels.source}/{labels.label}/{sha256[:16]}-{number:02}.png"
    target = out / member
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    persons = people.named(labels.people, file.stem)
    pair = "_".join(people.named(labels.pair, file.stem))
    if not pair and labels.label != FAKE:
        pair = file.stem
    return {
        "path": member,
        "archive": "",
        "member": member,
        "label": labels.label,
        "split": "",
        "source": labels.source,
        "method": labels.method,
        "identity": "",
        "pair": pair,
        "native_px": str(round(face_side(crop))),
        "checked_pair": "",
        "sha256": hashlib.sha256(content).hexdigest(),
        "video": file.stem,
        "video_sha256": sha256,
        "people": BETWEEN.join([labels.identity] if labels.identity else persons or [file.stem]),
        "asked_split": labels.split or "",
        "seconds": f"{crop.seconds:.3f}",
    }


# === The manifest ===


def settled(rows: Sequence[Row], source: str) -> list[Row]:
    """Identity and split of every row of this source, by the clusters that are known by now."""
    shared: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        if row["source"] == source:
            also = shared.setdefault(row["video_sha256"], set())
            also |= {("person", name) for name in row["people"].split(BETWEEN)}
            if row["pair"]:
                also.add(("pair", row["pair"]))
    cluster = people.clusters(shared)
    identity: dict[str, str] = {}
    for video, also in shared.items():
        first = min(name for kind, name in also if kind == "person")
        identity[cluster[video]] = min(identity.get(cluster[video], first), first)
    done = []
    for row in rows:
        if row["source"] == source:
            name = identity[cluster[row["video_sha256"]]]
            split = row["asked_split"] or people.split_of(source, name)
            row = {**row, "identity": name, "split": split}
        done.append(row)
    return done


def read_rows(path: Path) -> list[Row]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if set(reader.fieldnames or ()) != set(COLUMNS):
            raise ManifestRefused(f"{path} was not made by this command; choose another folder.")
        return list(reader)


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    part.replace(path)


assert set(people.SHARES) == set(SPLITS)
