"""Opponents: how little is enough to distinguish the classes of these very files.

Each is a logistic regression on features that nobody made for this, fitted on other splits of the
same sets. Against a generator stands one that was fitted on all others. Next to it
stands one that was fitted on this generator too: it shows how much the sets give away.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine.model_files import ModelFileUnusable, located
from ml.evaluation import manifest
from ml.evaluation.protocols.features import (
    Feature,
    Memory,
    Vector,
    file_statistics,
    frozen_clip,
    spectrum,
)
from ml.evaluation.protocols.gathering import Item
from ml.evaluation.protocols.measuring import Examinee
from ml.evaluation.records import Record
from ml.evaluation.running import Task

log = logging.getLogger(__name__)
FEWEST_TO_FIT = 10
"""Files of each class."""
STATISTICS, SPECTRUM, CLIP = "file statistics", "spectrum", "frozen CLIP"
SHORT = {STATISTICS: "statistics", SPECTRUM: "spectrum", CLIP: "clip"}
NO_CLIP = f"{CLIP}: its model file is not here (`python -m ml.engine.model_files` fetches it)."
NEVER = (
    "MesoNet: its weights are in no package that can be installed by hash, so it is not run here. "
    "--beside takes it where somebody has them."
)
Done = Callable[[int], None]


@dataclass(frozen=True)
class Opponent:
    name: str
    feature: Feature
    kinds: tuple[str, ...]
    about: str


def offered() -> tuple[list[Opponent], list[str]]:
    """Those that can run here, and one sentence for each that cannot."""
    if find_spec("sklearn") is None:
        return [], [
            "No opponent is fitted: scikit-learn is not installed (requirements/lab.txt).",
            NEVER,
        ]
    found = [
        Opponent(
            STATISTICS, file_statistics, ("image", "video", "audio"),
            "logistic regression on file size, sides, format, JPEG table, blur, noise and light",
        ),
        Opponent(
            SPECTRUM, spectrum, ("image", "video"),
            "logistic regression on Fourier spectrum, DCT and wavelets at native size",
        ),
    ]  # fmt: skip
    problems = [NEVER]
    try:
        located("clip_vit_b16")
    except ModelFileUnusable:
        problems.insert(0, NO_CLIP)
    else:
        about = "logistic regression on CLIP ViT-B/16 as published, 224 pixels"
        found.append(Opponent(CLIP, frozen_clip, ("image", "video"), about))
    return found, problems


def compute(
    opponent: Opponent, tasks: Sequence[Task], kinds: Sequence[str | None],
    records: Sequence[Record | None], folder: Path, done: Done,
) -> list[Vector | None]:  # fmt: skip
    """Features of each task's file; None where it has none."""
    memory = Memory(folder, SHORT[opponent.name])
    found: list[Vector | None] = []
    for count, (task, kind, record) in enumerate(zip(tasks, kinds, records, strict=True), 1):
        found.append(_one(opponent, task, kind, record, memory))
        done(count)
    return found


def _one(
    opponent: Opponent, task: Task, kind: str | None, record: Record | None, memory: Memory
) -> Vector | None:
    if kind is not None and kind not in opponent.kinds:
        return None
    try:
        with manifest.opened(task.case) as file:
            sha256 = record.sha256 if record and record.sha256 else _digest(file)
            key = task.key(sha256)
            if (known := memory.get(key)) is not None:
                return known
            file.seek(0)
            if task.change is None:
                numbers = opponent.feature(file)
            else:
                with task.change(file) as changed:
                    numbers = opponent.feature(changed)
    except Exception as error:  # whatever is wrong with one file is that file's
        log.info("%s saw nothing in %s: %s", opponent.name, task.case.name, error)
        return None
    memory.add(key, numbers)
    return numbers


def _digest(file: Any) -> str:
    from ml.engine.media.media_file import fingerprint

    return fingerprint(file)[0]


# === Learning ===


@dataclass(frozen=True)
class Learnt:
    """The files that an opponent may learn from."""

    numbers: NDArray[np.float32]
    fake: NDArray[np.bool_]
    methods: NDArray[Any]

    @classmethod
    def of(cls, items: Sequence[Item], seen: Sequence[Vector | None]) -> Learnt:
        use = [n for n, numbers in enumerate(seen) if numbers is not None]
        return cls(
            np.stack([_known(seen[n]) for n in use]) if use else np.empty((0, 0), np.float32),
            np.array([items[n].case.fake for n in use], bool),
            np.array([items[n].case.method for n in use]),
        )

    def without(self, method: str) -> Learnt:
        keep = ~(self.fake & (self.methods == method))
        return Learnt(self.numbers[keep], self.fake[keep], self.methods[keep])

    @property
    def enough(self) -> bool:
        return min(int(self.fake.sum()), int((~self.fake).sum())) >= FEWEST_TO_FIT


def examinees(
    opponent: Opponent, learnt: Learnt, seen: Sequence[Vector | None], methods: Iterable[str]
) -> Iterator[Examinee]:
    """One fitted on each generator and one that was not; none where there is too little to learn
    from."""
    if not learnt.enough:
        return
    failed = np.array([numbers is None for numbers in seen], bool)
    met = _scores(learnt, seen)
    without: Mapping[str, NDArray[np.float64]] = {
        method: _scores(rest, seen) if rest.enough else np.full(len(seen), np.nan)
        for method in methods
        for rest in [learnt.without(method)]
    }
    fitted = f"fitted on {len(learnt.fake)} files of other splits"
    yield Examinee(
        opponent.name, met, failed, without=without,
        note=f"{opponent.about}; {fitted}, without the generator in question",
    )  # fmt: skip
    yield Examinee(
        f"{opponent.name}, met", met, failed,
        note=f"the same; {fitted}, the generator in question among them",
    )  # fmt: skip


def _scores(learnt: Learnt, seen: Sequence[Vector | None]) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000)
    )
    model.fit(learnt.numbers, learnt.fake)
    found = np.full(len(seen), np.nan)
    use = [n for n, numbers in enumerate(seen) if numbers is not None]
    if use:
        found[use] = model.decision_function(np.stack([_known(seen[n]) for n in use]))
    return found


def _known(numbers: Vector | None) -> Vector:
    assert numbers is not None
    return numbers
