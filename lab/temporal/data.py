"""Talks as recorded, as passed on by platforms, and faked: each processed as in service.

A clip is decoded in the sandbox once. Every variant of it is then made in memory and passes a real
encoder, the engine's own face detection and `ml.engine.media.motion`. Only the sandbox is omitted,
because nothing in the variants comes from outside. The signals of each variant are stored.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lab.common.archives import Archives
from lab.lip_sync.data import Clip
from lab.temporal import fakes, passing
from lab.temporal.passing import Film
from ml.engine.analysis import FACE_RATE
from ml.engine.contract import Examination, Finding, Frame, Kind, Media, MediaInfo, Status, View
from ml.engine.manifest import Manifest, Needs
from ml.engine.media import motion
from ml.engine.media.face_watch import FaceWatch
from ml.engine.media.faces import FaceFinder
from ml.engine.media.landmarks import PointNetwork, round_points
from ml.engine.media.media_file import opened
from ml.engine.media.motion import FaceReader, FaceStretch, Signals
from sandbox.services import warden
from sandbox.types import Limits

KEPT_AS = 1
"""Raised whenever the same clip would give other signals."""
AS_IT_IS = "as it is"
CRF = (16.0, 36.0)
USUAL_CRF = 23.0
FEWEST_FRAMES = 24
SEED = 5
LOOKED_AT = 3
"""Clips of each speaker on which a small run was seen before the rule for offering the check was
changed. Of the test speakers these are left out: the rule is held against others."""
THREADS = 2
"""Variants of a clip are made side by side; each depends on its own generator alone."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What was done to a clip."""

    fake: bool
    kind: str
    """For a fake, how it is unsteady; for a real clip, which change it got."""
    family: str = ""
    crf: float | None = None
    whole: str = ""
    """What else happened to the whole picture."""

    @property
    def condition(self) -> str:
        return self.kind if self.whole == "" else self.whole


@dataclass(frozen=True)
class Example:
    """One variant as the network sees it."""

    clip: Clip
    variant: Variant
    signals: Signals


def at_most(clips: Sequence[Clip], count: int | None) -> list[Clip]:
    """So many clips of each speaker who is learnt from, and of the test speakers all that were not
    looked at, by their digests: nothing is chosen by what it shows. First comes everybody's
    first."""
    own: dict[str, int] = defaultdict(int)
    ranked = []
    for clip in sorted(clips, key=lambda c: c.sha256):
        ranked.append((own[clip.speaker], clip.speaker, clip))
        own[clip.speaker] += 1
    ranked.sort(key=lambda row: row[:2])

    def used(rank: int, clip: Clip) -> bool:
        return rank >= LOOKED_AT if clip.split == "test" else count is None or rank < count

    return [clip for rank, _, clip in ranked if used(rank, clip)]


# === Which variants there are ===


def to_learn_from(number: int, random: Generator) -> list[Variant]:
    """Three real ones and three fakes; kinds and whole-picture changes take turns over the clips,
    so that each is as frequent as the other."""
    kinds, wholes = list(fakes.KINDS), list(passing.WHOLE)
    found = [
        Variant(False, AS_IT_IS),
        Variant(False, "encoded again", crf=_crf(random)),
        Variant(False, "encoded again", crf=_crf(random), whole=wholes[number % len(wholes)]),
    ]
    for turn in range(3):
        whole = str(random.choice(wholes)) if random.random() < 0.35 else ""
        kind = kinds[(3 * number + turn) % len(kinds)]
        family = str(random.choice(fakes.FAMILIES))
        found.append(Variant(True, kind, family, _crf(random), whole))
    return found


def to_be_tested_on(number: int, random: Generator) -> list[Variant]:
    """Every condition and every kind of every clip."""
    found = [Variant(False, AS_IT_IS)]
    found += [Variant(False, f"H.264 crf {crf:.0f}", crf=crf) for crf in (23.0, 30.0, 35.0)]
    found += [Variant(False, "whole", crf=USUAL_CRF, whole=name) for name in passing.WHOLE]
    for turn, kind in enumerate(fakes.KINDS):
        family = fakes.FAMILIES[(number + turn) % len(fakes.FAMILIES)]
        found.append(Variant(True, kind, family, float(random.choice([18.0, 23.0, 28.0, 33.0]))))
    return found


def _crf(random: Generator) -> float:
    return round(float(random.uniform(*CRF)), 1)


def variants(clip: Clip) -> list[Variant]:
    """The same for the same clip, whichever others there are."""
    number = _number(clip)
    random = _random(clip, 0)
    return (to_be_tested_on if clip.split == "test" else to_learn_from)(number, random)


def _number(clip: Clip) -> int:
    return int(clip.sha256[:8], 16)


def _random(clip: Clip, place: int) -> Generator:
    return np.random.default_rng([SEED, _number(clip), place])


# === A clip as it is ===


class Collector(Examination):
    """Stands among the detectors and keeps frames, points of every frame, and what the temporal
    detector would be given."""

    manifest = Manifest(
        "collector", "1", needs=Needs(close_seconds=10.0, close_seconds_without_sound=10.0)
    )
    name, version = manifest.name, manifest.version

    def __init__(self) -> None:
        self.network = PointNetwork()

    def not_applicable(self, media: Media) -> str | None:
        return None

    def examine(self, media: Media) -> Collector:
        self.reader, self.stretches = FaceReader(), list[FaceStretch]()
        self.frames: list[NDArray[np.uint8]] = []
        self.times: list[float] = []
        self.points: list[NDArray[np.float32]] = []
        return self

    def observe(self, view: View) -> None:
        self.reader.observe(view)
        before = self.points[-1] if self.points else None
        if before is None and view.faces:
            largest = max(view.faces, key=lambda f: f.box.width * f.box.height)
            before = largest.landmarks
        if before is None:
            return
        found = self.network(view.frame.pixels, round_points(before))
        if found is not None:
            self.frames.append(view.frame.pixels)
            self.times.append(view.frame.seconds)
            self.points.append(found)

    def conclude(self) -> Finding:
        self.stretches = self.reader.stretches()
        return Finding(self.name, self.version, Status.RAN, "Collected.")

    def film(self) -> Film | None:
        """None where the face is not in view all the time, or the times are uneven."""
        steps = np.diff(self.times)
        if len(self.frames) < FEWEST_FRAMES or steps.max() > 1.5 * steps.min():
            return None
        return Film(self.frames, np.asarray(self.times))


def collected(content: bytes, collector: Collector, finders: Finders) -> None:
    """Through the sandbox and the engine's search for faces; what else the engine does for a file
    is left out."""
    with tempfile.TemporaryFile() as file, finders.one() as finder, _Watch(finder) as watch:
        file.write(content)
        file.seek(0)
        with opened(
            file, warden=warden(), sha256="", size=len(content), frame_rate=FACE_RATE,
            limits=Limits(), close_seconds=collector.manifest.needs.close_seconds,
            close_seconds_without_sound=collector.manifest.needs.close_seconds_without_sound,
        ) as media:  # fmt: skip
            collector.examine(media)
            with closing(media.frames()) as frames:
                for frame in frames:
                    collector.observe(View(frame, watch.faces(frame)))
    collector.conclude()


# === Its variants ===


@dataclass(frozen=True)
class _Made:
    """Stands for the media that frames made here never were."""

    info: MediaInfo


MADE: Any = _Made(MediaInfo(sha256="", size=0, kind=Kind.VIDEO, format="made"))


class Finders:
    """Face finders that are opened once and lent to one thread at a time: opening them for every
    variant would cost more than using them."""

    def __init__(self, count: int = THREADS) -> None:
        self._count = count
        self._open = ExitStack()
        self._free: SimpleQueue[FaceFinder] = SimpleQueue()

    def __enter__(self) -> Finders:
        for _ in range(self._count):
            self._free.put(self._open.enter_context(FaceFinder()))
        self.prepare()
        return self

    def __exit__(self, *ignored: object) -> None:
        self._open.close()

    @contextmanager
    def one(self) -> Iterator[FaceFinder]:
        finder = self._free.get()
        try:
            yield finder
        finally:
            self._free.put(finder)

    def prepare(self) -> None:
        """Their networks are loaded when first used, which must not happen in two threads."""
        for _ in range(self._count):
            with self.one() as finder:
                finder.again(np.zeros((64, 64, 3), np.uint8), 32 + 8 * np.eye(478, 3, dtype="f4"))


class _Watch(FaceWatch):
    """With a finder that is open already."""

    def __init__(self, finder: FaceFinder) -> None:
        super().__init__(MADE, FACE_RATE)
        self._finder, self._started = finder, True


def watched(film: Film, finders: Finders) -> list[FaceStretch]:
    """As the engine watches: faces five times a second, pictures of them in every frame."""
    reader = FaceReader()
    with finders.one() as finder, _Watch(finder) as watch:
        for index, (pixels, seconds) in enumerate(zip(film.frames, film.times, strict=True)):
            frame = Frame(index, float(seconds), pixels)
            reader.observe(View(frame, watch.faces(frame)))
        if "face_analysis_failed" in watch.flags:
            raise RuntimeError("Faces cannot be looked for; nothing was kept.")
    return reader.stretches()


def made(
    film: Film, points: Sequence[NDArray[np.float32]], variant: Variant, random: Generator
) -> Film:
    frames = film.frames
    if variant.fake:
        flat = [p[:, :2] for p in points]
        film = film.with_frames(fakes.fake(frames, flat, variant.kind, variant.family, random))
    if variant.whole:
        film = passing.WHOLE[variant.whole](film, random)
    return film if variant.crf is None else passing.h264(film, variant.crf)


def longest(stretches: Sequence[FaceStretch]) -> Signals | None:
    return motion.signals(max(stretches, key=lambda s: s.seconds)) if stretches else None


def examples(clip: Clip, content: bytes, collector: Collector, finders: Finders) -> list[Example]:
    """The examples of one clip; none if it does not show a face throughout."""
    collected(content, collector, finders)
    film, points = collector.film(), collector.points
    if film is None:
        return []

    def signals_of(place: int, variant: Variant) -> Signals | None:
        if variant.kind == AS_IT_IS:
            return longest(collector.stretches)
        random = _random(clip, place + 1)
        return longest(watched(made(film, points, variant, random), finders))

    every = variants(clip)
    with ThreadPoolExecutor(THREADS) as pool:
        signals = list(pool.map(signals_of, range(len(every)), every))
    return [Example(clip, v, s) for v, s in zip(every, signals, strict=True) if s is not None]


# === Kept ===


def prepare(
    clips: Sequence[Clip],
    folder: Path,
    target: Path,
    *,
    watch: Callable[[Sequence[Clip]], Iterable[Clip]] = lambda clips: clips,
) -> list[Example]:
    """All examples, one file per clip, so that a stopped run continues."""
    target.mkdir(parents=True, exist_ok=True)
    collector: Collector | None = None
    missing = [clip for clip in clips if not _file(target, clip).exists()]
    with Archives(folder) as archives, Finders() as finders:
        for clip in watch(missing):
            collector = collector or Collector()
            content = archives.read(clip)
            _write(examples(clip, content, collector, finders), _file(target, clip))
    return [example for clip in clips for example in _read(clip, _file(target, clip))]


def _file(target: Path, clip: Clip) -> Path:
    return target / f"{clip.sha256[:16]}-{KEPT_AS}.npz"


def _write(found: Sequence[Example], file: Path) -> None:
    variants = [
        {
            "fake": e.variant.fake, "kind": e.variant.kind, "family": e.variant.family,
            "crf": e.variant.crf, "whole": e.variant.whole,
        }
        for e in found
    ]  # fmt: skip
    arrays: dict[str, Any] = {"told": np.array(json.dumps(variants))}
    for number, example in enumerate(found):
        arrays[f"values{number}"] = example.signals.values
        arrays[f"times{number}"] = example.signals.times
        arrays[f"steps{number}"] = example.signals.steps
    part = file.with_suffix(".part")
    with part.open("wb") as out:
        np.savez_compressed(out, **arrays)
    part.replace(file)


def _read(clip: Clip, file: Path) -> Iterator[Example]:
    with np.load(file) as kept:
        for number, values in enumerate(json.loads(str(kept["told"]))):
            names = (f"times{number}", f"steps{number}", f"values{number}")
            signals = Signals(*(kept[name] for name in names))
            yield Example(clip, Variant(**values), signals)
