"""All speech for training, decoded or synthesised once, in one file outside the repository.

Rows have four origins: `clip` (the manifest's), `vocoded` (a pseudo-fake of a real clip, which
inherits its source, speaker and split), `engine` (synthesised here, for training only) and
`genuine` (more real speech). Everything outside the manifest is encoded once with Vorbis, as the
manifest's clips were, so that all rows share the codec.
"""

from __future__ import annotations

import io
import itertools
import json
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from lab.lip_sync.data import Talk
from lab.voice import engines, genuine, vocoders
from lab.voice.data import FAKE, REAL, Clip, read_clips
from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE

CLIP, VOCODED, ENGINE, GENUINE = "clip", "vocoded", "engine", "genuine"
SHORTEST = RATE


@dataclass(frozen=True, slots=True)
class Row:
    origin: str
    label: str
    split: str
    source: str
    system: str
    speaker: str
    parent: int
    """For a vocoded copy the row of its original, else the row itself."""
    start: int
    length: int

    @property
    def is_fake(self) -> bool:
        return self.label == FAKE

    @property
    def group(self) -> str:
        return f"{self.source}:{self.speaker}"


@dataclass(frozen=True)
class Store:
    rows: Sequence[Row]
    samples: np.ndarray
    notes: Sequence[str] = ()

    def sound(self, number: int) -> Samples:
        row = self.rows[number]
        piece = self.samples[row.start : row.start + row.length]
        return piece.astype(np.float32) / np.float32(32767.0)

    def where(self, wanted: Callable[[Row], bool]) -> list[int]:
        return [number for number, row in enumerate(self.rows) if wanted(row)]


def through_vorbis(samples: Samples, rng: np.random.Generator) -> Samples:
    """Once through the codec that every clip of the manifest has been through."""
    memory = io.BytesIO()
    with soundfile.SoundFile(
        memory,
        "w",
        RATE,
        1,
        format="OGG",
        subtype="VORBIS",
        compression_level=float(rng.uniform(0.2, 0.7)),
    ) as file:
        file.write(samples)
    memory.seek(0)
    back = soundfile.read(memory, dtype="float32")[0]
    return np.asarray(back[: len(samples)], np.float32)


def _all_rows(
    clips: Sequence[Clip], folder: Path, seed: int, notes: list[str], talks: Sequence[Talk]
) -> Iterator[tuple[Row, Samples]]:
    originals = []
    for number, (clip, samples) in enumerate(zip(clips, read_clips(clips, folder), strict=True)):
        row = Row(
            CLIP, clip.label, clip.split, clip.source, clip.system, clip.speaker, number, 0, 0
        )
        originals.append((row, samples))
        yield row, samples
    yield from _copies(originals, set(), seed)
    for source in genuine.SOURCES:
        yield from _genuine(source, seed, notes, talks)
    for source in engines.ENGINES:
        yield from _spoken(source, seed, notes)


def _copies(
    clips: Iterable[tuple[Row, Samples]], held: Collection[tuple[int, str]], seed: int
) -> Iterator[tuple[Row, Samples]]:
    """The real clips of train and val vocoded in the ways that are drawn for each; `held` are the
    copies, by clip and way, that are there."""
    for row, samples in clips:
        if row.label != REAL or row.split == "test":
            continue
        for name in vocoders.drawn(np.random.default_rng([seed, row.parent])):
            if (row.parent, name) in held:
                continue
            rng = np.random.default_rng([seed, row.parent, zlib.crc32(name.encode())])
            made = through_vorbis(vocoders.vocoded(samples, name, rng), rng)
            yield (
                Row(VOCODED, FAKE, row.split, row.source, name, row.speaker, row.parent, 0, 0),
                made,
            )


def _spoken(source: str, seed: int, notes: list[str]) -> Iterator[tuple[Row, Samples]]:
    """What one engine says; a note where it is not installed."""
    rng = np.random.default_rng([seed, zlib.crc32(source.encode())])
    try:
        for voice, samples in engines.speak(source, rng):
            if len(samples) >= SHORTEST:
                yield (
                    Row(ENGINE, FAKE, "train", source, source, f"made:{voice}", -1, 0, 0),
                    through_vorbis(samples, rng),
                )
    except engines.EngineMissing as missing:
        notes.append(f"{source} left out: {missing}")


def _genuine(
    source: str, seed: int, notes: list[str], talks: Sequence[Talk]
) -> Iterator[tuple[Row, Samples]]:
    """More genuine speech of one source; a note where it is not here."""
    rng = np.random.default_rng([seed, zlib.crc32(source.encode())])
    try:
        for speaker, split, samples in genuine.SOURCES[source](rng, talks):
            yield (
                Row(GENUINE, REAL, split, source, "human", speaker, -1, 0, 0),
                through_vorbis(samples, rng),
            )
    except genuine.SpeechMissing as missing:
        notes.append(f"{source} left out: {missing}")


def prepare(
    clips: Sequence[Clip],
    folder: Path,
    target: Path,
    *,
    talks: Sequence[Talk] = (),
    seed: int = 5,
    watch: Callable[[Iterable[tuple[Row, Samples]]], Iterable[tuple[Row, Samples]]] = lambda it: it,
) -> Store:
    """Write the store; to one that is there, add what it does not hold yet: engines, vocoders,
    genuine speech."""
    index, sounds = target / "speech.json", target / "speech.i16"
    notes: list[str] = []
    if index.exists():
        stored = json.loads(index.read_text())
        rows, seed = stored["rows"], stored["seed"]
        held = {row["source"] for row in rows if row["origin"] in (ENGINE, GENUINE)}
        copied = {(r["parent"], r["system"]) for r in rows if r["origin"] == VOCODED}
        new = [source for source in engines.ENGINES if source not in held]
        people = [source for source in genuine.SOURCES if source not in held]
        there = opened(target)
        kept = ((there.rows[n], there.sound(n)) for n in there.where(lambda r: r.origin == CLIP))
        coming: Iterator[tuple[Row, NDArray[np.float32]]] = itertools.chain(
            _copies(kept, copied, seed),
            *(_spoken(source, seed, notes) for source in new),
            *(_genuine(source, seed, notes, talks) for source in people),
        )
    else:
        target.mkdir(parents=True, exist_ok=True)
        rows, coming = [], _all_rows(clips, folder, seed, notes, talks)
        sounds.write_bytes(b"")
    place = sum(row["length"] for row in rows)
    with sounds.open("r+b") as file:
        file.truncate(2 * place)
        file.seek(2 * place)
        for row, samples in watch(coming):
            whole = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
            file.write(whole.tobytes())
            rows.append(asdict(row) | {"start": place, "length": len(whole)})
            place += len(whole)
    partial = target / "speech.json.part"
    partial.write_text(json.dumps({"seed": seed, "notes": notes, "rows": rows}))
    partial.rename(index)
    return opened(target)


def opened(target: Path) -> Store:
    index = json.loads((target / "speech.json").read_text())
    samples = np.memmap(target / "speech.i16", dtype="<i2", mode="r")
    return Store([Row(**row) for row in index["rows"]], samples, index["notes"])
