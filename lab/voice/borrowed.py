"""What each layer of a borrowed ear hears in every sound, pooled over time and kept.

A sound is cut and levelled as in service. A layer is kept as mean, spread and
mean step over time of each of its channels: some thousand numbers a layer, whatever the length.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.voice.baselines import mel_statistics
from lab.voice.store import CLIP, ENGINE, GENUINE, VOCODED, Row, Store
from ml.engine.audio_encoders.pooling import AudioEncoder
from ml.engine.contract import Samples
from ml.engine.detectors.voice_spoof import windows
from ml.engine.media.voice_activity import loud_stretches, trimmed
from ml.evaluation.degrade_sound import NAMED, degraded

AS_IT_IS = "clean"
ANY_WAYS = ("any way", "another way")
"""Random ways through the world; every one of them is drawn anew for each sound."""
WAYS = ("G.722", "Opus 24k", "MP3 64k", "8 kHz mu-law", "noise 10 dB")
COPIES = 1200
"""How many vocoded copies of train and val are heard. Their clips all are, degraded as well."""
TEST_STEP, ENGINE_STEP = 5, 2
"""Every how manieth test clip is heard in each of the ways, and every how manieth home-made one:
the ear costs a quarter of a second of one core for each."""

Job = tuple[int, str]
"""Row of the store, and the way it went."""


PLAIN = "mel statistics"


@dataclass(frozen=True)
class Heard:
    """One line of numbers for each job and each layer."""

    jobs: Sequence[Job]
    layers: Mapping[str, NDArray[np.float32]]
    """Jobs x numbers, by the layer's name."""
    rows: Sequence[Row]

    def beside(self, other: Heard) -> Heard:
        """What two ears heard in the same jobs."""
        assert list(self.jobs) == list(other.jobs)
        return replace(self, layers={**self.layers, **other.layers})


def planned(rows: Sequence[Row], seed: int = 7) -> list[Job]:
    """What is heard, in this order: an interrupted run has the most important first."""
    rng = np.random.default_rng(seed)
    of = {
        origin: [n for n, row in enumerate(rows) if row.origin == origin]
        for origin in (CLIP, ENGINE, GENUINE, VOCODED)
    }
    shown = [n for n in of[CLIP] if rows[n].split != "test"]
    copies = [n for n in of[VOCODED] if rows[n].split != "test"]
    engines = of[ENGINE][::ENGINE_STEP]
    more: list[Job] = [(n, way) for way in ANY_WAYS for n in shown]
    more += [(n, ANY_WAYS[0]) for n in engines]
    more += [(n, AS_IT_IS) for n in _some(copies, COPIES, rng)]
    test = [n for n in of[CLIP] if rows[n].split == "test"][::TEST_STEP]
    return [
        *((n, AS_IT_IS) for n in [*of[CLIP], *engines, *of[GENUINE]]),
        *(more[int(k)] for k in rng.permutation(len(more))),
        *((n, way) for way in WAYS for n in test),
    ]


def _some(numbers: list[int], count: int, rng: np.random.Generator) -> list[int]:
    return [int(n) for n in rng.permutation(numbers)[:count]]


def prepared(store: Store, job: Job, seed: int = 7) -> Samples:
    """A window of speech without silence around it, at one level for all."""
    number, way = job
    sound = store.sound(number)
    if way in ANY_WAYS:
        sound = degraded(sound, np.random.default_rng([seed, number, ANY_WAYS.index(way)]))
    elif way != AS_IT_IS:
        sound = NAMED[way](sound, np.random.default_rng([11, number, zlib.crc32(way.encode())]))
    return windows.given(trimmed(sound, loud_stretches(sound)))


def listen(
    store: Store,
    ear: AudioEncoder,
    target: Path,
    watch: Callable[[Iterable[Job]], Iterable[Job]] = lambda jobs: jobs,
) -> Heard:
    """All jobs, going on where an earlier run stopped. What was heard once is not heard again,
    whatever is planned now: the list beside the numbers grows with them."""
    jobs = planned(store.rows)
    target.mkdir(parents=True, exist_ok=True)
    index, file = target / "heard.json", target / "heard.f32"
    told = (
        [(int(n), str(way)) for n, way in json.loads(index.read_text())] if index.exists() else []
    )
    sizes = {name: len(line) for name, line in ear.numbers(_silence()).items()}
    wide = sum(sizes.values())
    file.touch()
    with file.open("r+b") as out:
        told = told[: out.seek(0, 2) // (4 * wide)]
        known = set(told)
        for job in watch([job for job in jobs if job not in known]):
            line = np.concatenate(list(ear.numbers(prepared(store, job)).values()))
            told.append(job)
            index.write_text(json.dumps(told))
            out.seek((len(told) - 1) * 4 * wide)
            out.write(line.astype("<f4").tobytes())
            out.flush()
    place = {job: number for number, job in enumerate(told)}
    lines = np.memmap(file, dtype="<f4", mode="r", shape=(len(told), wide))
    values = np.asarray(lines[[place[job] for job in jobs]])
    ends = np.cumsum(list(sizes.values()))
    blocks = np.split(values, ends[:-1], axis=1)
    return Heard(jobs, dict(zip(sizes, blocks, strict=True)), store.rows)


def _silence() -> Samples:
    return np.zeros(windows.SHORTEST, np.float32)


def plain(store: Store, heard: Heard) -> Heard:
    """Mean and spread of mel bands of the same sounds, for comparison; the clips only."""
    jobs = [
        (number, way)
        for number, way in heard.jobs
        if way == AS_IT_IS and heard.rows[number].origin == CLIP
    ]
    values = np.stack([mel_statistics(prepared(store, job)) for job in jobs])
    return Heard(jobs, {PLAIN: values.astype(np.float32)}, heard.rows)
