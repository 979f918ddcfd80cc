"""Every sound of the store as the logs that serving computes, clean and degraded, in one file.

Degrading and encoding cost more than a training step, so it is done once. Real clips and whole
fakes have a clean and a degraded version, a share of the pseudo-fakes too; the loop draws clean and
degraded equally often from either class, so that a codec says nothing about the label.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.contract import Samples
from ml.detectors.voice_spoof import windows
from ml.media.spectra import FLOOR, Features
from ml.media.voice_activity import loud_stretches, trimmed
from ml.training.sound.degrade import degraded
from ml.training.sound.store import VOCODED, Row, Store

SHARE_OF_VOCODED = 0.25

Job = tuple[int, bool]
"""Row of the store, and whether this version is degraded."""


@dataclass(frozen=True)
class Pictures:
    logs: NDArray[np.float32]
    """Versions x FRAMES x BANDS."""
    row: NDArray[np.int64]
    """Row of the store, a version each."""
    is_degraded: NDArray[np.bool_]
    rows: Sequence[Row]

    def where(self, wanted: Callable[[Row], bool], *, degraded: bool | None = None) -> NDArray:
        """Versions whose row is wanted."""
        good = np.array([wanted(row) for row in self.rows])[self.row]
        if degraded is not None:
            good &= self.is_degraded == degraded
        return np.flatnonzero(good)


def logs_of(sound: Samples) -> Features:
    """Silence cut off, then the first window, exactly as in serving."""
    return windows.logs(trimmed(sound, loud_stretches(sound)))


def planned(rows: Sequence[Row], rng: np.random.Generator) -> list[Job]:
    jobs = [(number, False) for number in range(len(rows))]
    for number, row in enumerate(rows):
        if row.origin != VOCODED or rng.random() < SHARE_OF_VOCODED:
            jobs.append((number, True))
    return jobs


def draw(
    store: Store,
    target: Path,
    *,
    seed: int = 7,
    watch: Callable[[Iterable[Job]], Iterable[Job]] = lambda jobs: jobs,
) -> Pictures:
    """Write all pictures, going on where an earlier run stopped, or open what is there."""
    jobs = planned(store.rows, np.random.default_rng(seed))
    target.mkdir(parents=True, exist_ok=True)
    shape = (len(jobs), windows.FRAMES, windows.BANDS)
    path, mark = target / "pictures.f32", target / "pictures.json"
    done = json.loads(mark.read_text())["done"] if mark.exists() else 0
    mode = "r+" if path.exists() else "w+"
    logs = np.memmap(path, dtype="<f4", mode=mode, shape=shape)
    for place, (number, is_degraded) in enumerate(watch(jobs)):
        if place < done:
            continue
        sound = store.sound(number)
        if is_degraded:
            sound = degraded(sound, np.random.default_rng([seed, number]))
        logs[place] = logs_of(sound)
        if (place + 1) % 200 == 0 or place + 1 == len(jobs):
            logs.flush()
            mark.write_text(json.dumps({"seed": seed, "done": place + 1, "of": len(jobs)}))
    numbers, flags = zip(*jobs, strict=True)
    return Pictures(logs, np.array(numbers), np.array(flags), store.rows)


def shaken(logs: Features, rng: np.random.Generator) -> Features:
    """Cheap degradation of a picture, fresh every time: noise, a narrower band, gaps."""
    if rng.random() < 0.4:
        slope = rng.uniform(0, 1.5)
        colour = (1 + np.arange(logs.shape[1]) / 4.0) ** -slope
        noise = rng.gamma(2.5, 1 / 2.5, logs.shape) * colour * 10 ** (-rng.uniform(8, 40) / 10)
        logs = np.log(np.exp(logs) + noise)
    if rng.random() < 0.2:
        logs = logs.copy()
        logs[:, int(rng.integers(34, logs.shape[1])) :] = np.log(FLOOR)
    if rng.random() < 0.3:
        logs = logs.copy()
        first, wide = int(rng.integers(0, logs.shape[1] - 10)), int(rng.integers(2, 10))
        logs[:, first : first + wide] = logs[:, first : first + wide].mean(axis=0)
    return np.asarray(logs, np.float32)
