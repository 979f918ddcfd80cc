"""Computes the features of each layer of a third-party encoder for every sound, pooled over time,
and stores them.

A sound is cut and levelled as in service. A layer is stored as mean, spread and mean step over time
of each of its channels: some thousand numbers per layer, whatever the length.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.voice import codecs
from lab.voice.store import CLIP, ENGINE, GENUINE, VOCODED, Row, Store
from ml.engine.audio_encoders.pooling import AudioEncoder
from ml.engine.contract import Samples
from ml.engine.detectors.voice_spoof import windows
from ml.engine.media.voice_activity import loud_stretches, trimmed
from ml.evaluation.degrade_sound import degraded

AS_IT_IS = "clean"
ANY_WAYS = ("any way",)
"""Random ways through the world; every one of them is drawn anew for each sound."""
CODECS = tuple(codecs.CODECS)
"""Codecs at low rates. Each clip goes through one of them."""
MORE = 4200
"""How many degraded clips, clips through codecs and vocoded copies are encoded: the audio encoders
take a quarter of a second of one core for each."""

Job = tuple[int, str]
"""Row of the store, and the way it went."""


@dataclass(frozen=True)
class Encoded:
    """One line of numbers for each job and each layer."""

    jobs: Sequence[Job]
    layers: Mapping[str, NDArray[np.float32]]
    """Jobs x numbers, by the layer's name."""
    rows: Sequence[Row]

    def beside(self, other: Encoded) -> Encoded:
        """The features of two audio encoders for the same jobs."""
        assert list(self.jobs) == list(other.jobs)
        return replace(self, layers={**self.layers, **other.layers})


def planned(rows: Sequence[Row], seed: int = 7) -> list[Job]:
    """What is encoded, in this order: an interrupted run has the most important first."""
    rng = np.random.default_rng(seed)
    of = {
        origin: [n for n, row in enumerate(rows) if row.origin == origin]
        for origin in (CLIP, ENGINE, GENUINE, VOCODED)
    }
    training = [n for n in of[CLIP] if rows[n].split != "test"]
    through = [n for n in of[CLIP] if rows[n].split != "test" or not rows[n].is_fake]
    more: list[Job] = [(n, way) for way in ANY_WAYS for n in training]
    more += [(n, codecs.drawn(np.random.default_rng([seed, n]))) for n in through]
    more += [(n, AS_IT_IS) for n in of[VOCODED] if rows[n].split != "test"]
    return [
        *((n, AS_IT_IS) for n in [*of[CLIP], *of[ENGINE], *of[GENUINE]]),
        *(more[int(k)] for k in rng.permutation(len(more))[:MORE]),
    ]


def prepared(store: Store, job: Job, seed: int = 7) -> Samples:
    """A window of speech without silence around it, at one level for all."""
    number, way = job
    sound = store.sound(number)
    if way in ANY_WAYS:
        sound = degraded(sound, np.random.default_rng([seed, number, ANY_WAYS.index(way)]))
    elif way != AS_IT_IS:
        sound = codecs.CODECS[way](sound)
    return windows.given(trimmed(sound, loud_stretches(sound)))


def listen(
    store: Store,
    encoder: AudioEncoder,
    target: Path,
    watch: Callable[[Iterable[Job]], Iterable[Job]] = lambda jobs: jobs,
) -> Encoded:
    """All jobs, going on where an earlier run stopped. What was encoded once is not encoded again,
    whatever is planned now: the list next to the numbers grows with them."""
    jobs = planned(store.rows)
    target.mkdir(parents=True, exist_ok=True)
    index, file = target / "heard.json", target / "heard.f32"
    encoded = (
        [(int(n), str(way)) for n, way in json.loads(index.read_text())] if index.exists() else []
    )
    sizes = {name: len(line) for name, line in encoder.numbers(_silence()).items()}
    wide = sum(sizes.values())
    file.touch()
    with file.open("r+b") as out:
        encoded = encoded[: out.seek(0, 2) // (4 * wide)]
        known = set(encoded)
        for job in watch([job for job in jobs if job not in known]):
            line = np.concatenate(list(encoder.numbers(prepared(store, job)).values()))
            encoded.append(job)
            index.write_text(json.dumps(encoded))
            out.seek((len(encoded) - 1) * 4 * wide)
            out.write(line.astype("<f4").tobytes())
            out.flush()
    place = {job: number for number, job in enumerate(encoded)}
    lines = np.memmap(file, dtype="<f4", mode="r", shape=(len(encoded), wide))
    values = np.asarray(lines[[place[job] for job in jobs]])
    ends = np.cumsum(list(sizes.values()))
    blocks = np.split(values, ends[:-1], axis=1)
    return Encoded(jobs, dict(zip(sizes, blocks, strict=True)), store.rows)


def _silence() -> Samples:
    return np.zeros(windows.SHORTEST, np.float32)
