"""Reads the speech manifest: one row per clip, with speaker, system and split.

No speaker of a source may be in two splits. In addition there are leave-one-source-out folds:
sources differ in microphone, room and codec, and only a detector trained without a source shows how
it works outside the data.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from lab.common.archives import Archives, ManifestRefused
from lab.voice import genuine
from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE

REAL, FAKE = "real", "fake"
SPLITS = ("train", "val", "test")
LONGEST_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Clip:
    """One stretch of speech."""

    archive: str
    member: str
    label: str
    split: str
    source: str
    system: str
    speaker: str
    seconds: float
    sha256: str

    @property
    def is_fake(self) -> bool:
        return self.label == FAKE

    @property
    def group(self) -> str:
        """What resampling draws as one: clips of a speaker are not independent."""
        return f"{self.source}:{self.speaker}"


def read_manifest(path: Path) -> list[Clip]:
    """All rows of a manifest, in its order."""
    with path.open(newline="", encoding="utf-8") as file:
        clips = [_clip(row, number) for number, row in enumerate(csv.DictReader(file), start=2)]
    if not clips:
        raise ManifestRefused(f"{path} has no rows.")
    check_splits(clips)
    return clips


def _clip(row: dict[str, str], number: int) -> Clip:
    try:
        seconds = float(row["seconds"])
        texts = {
            name: row[name]
            for name in ("archive", "member", "label", "split", "source", "system", "speaker")
        }
        clip = Clip(**texts, seconds=seconds, sha256=row["sha256"])
    except KeyError as error:
        raise ManifestRefused(f"The manifest has no column {error}.") from error
    except ValueError as error:
        raise ManifestRefused(f"Row {number}: seconds is not a number.") from error
    if clip.label not in (REAL, FAKE):
        raise ManifestRefused(f"Row {number}: the label is {clip.label!r}, not real or fake.")
    if clip.split not in SPLITS:
        raise ManifestRefused(f"Row {number}: the split is {clip.split!r}, not one of {SPLITS}.")
    return clip


def check_splits(clips: Iterable[Clip]) -> None:
    """Refuse when a speaker of a source, or the very same clip, stands in two splits."""
    splits_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for clip in clips:
        splits_of["speaker", clip.group].add(clip.split)
        splits_of["clip", clip.sha256].add(clip.split)
    crossing = sorted(key for key, splits in splits_of.items() if len(splits) > 1)
    if crossing:
        kind, name = crossing[0]
        raise ManifestRefused(
            f"{len(crossing)} groups cross the splits; the first is the {kind} {name!r}."
        )


@dataclass(frozen=True, slots=True)
class Fold:
    """One source, or family of engines, that training does not see."""

    name: str
    sources: frozenset[str]

    def holds_out(self, source: str) -> bool:
        return source in self.sources


FOLDS = (
    Fold("yourtts", frozenset({"yourtts"})),
    Fold("unilight", frozenset({"unilight"})),
    Fold("r9y9", frozenset({"r9y9", genuine.ANCHORS})),
    Fold("resemblyzer", frozenset({"resemblyzer"})),
    Fold(
        "prompts and classic engines",
        frozenset(
            {
                "asterisk_g722",
                "selfrec_dctts",
                "pocketsphinx_testdata",
                "gen-espeak",
                "gen-festival",
                "gen-flite",
                "gen-festival-ca",
                "gen-freetts",
                "gen-sam",
                *genuine.PROMPTS,
            }
        ),
    ),
    Fold(
        "neural engines and dialogues",
        frozenset(
            {
                "gen-piper",
                "gen-hibari",
                "gen-tinytts",
                "gen-openjtalk",
                "gen-kokoro",
                "gen-fastspeech",
                "gen-tacotron",
                *genuine.DIALOGUES,
            }
        ),
    ),
)
"""Leave-one-source-out. Small sources share a fold: that hides more from training, not less. People
beside the manifest and home-made engines are held out likewise."""


def check_folds(clips: Iterable[Clip]) -> None:
    """Every source is held out exactly once."""
    for source in {clip.source for clip in clips}:
        times = sum(fold.holds_out(source) for fold in FOLDS)
        if times != 1:
            raise ManifestRefused(f"The source {source!r} is held out by {times} folds, not one.")


def read_clips(clips: Sequence[Clip], folder: Path) -> Iterator[Samples]:
    """The clips' samples in order, 16 kHz mono; a clip that is not the manifest's is refused."""
    with Archives(folder) as archives:
        for clip in clips:
            content = archives.read(clip)
            samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
            if rate != RATE or len(samples) > LONGEST_SECONDS * RATE:
                raise ManifestRefused(f"{clip.archive}:{clip.member} is not 16 kHz or too long.")
            yield np.ascontiguousarray(samples.mean(axis=1))
