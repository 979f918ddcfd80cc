"""Somebody else's `predict(path)` on the very files that the engine examined."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ml.evaluation import manifest
from ml.evaluation.protocols.besides import Beside
from ml.evaluation.protocols.measuring import Examinee
from ml.evaluation.running import Task


def predict_each(guest: Beside, tasks: Sequence[Task], done: Callable[[int], None]) -> Examinee:
    scores, failed = np.full(len(tasks), np.nan), np.zeros(len(tasks), bool)
    for number, task in enumerate(tasks):
        try:
            with laid_out(task) as path:
                prediction = guest.predict(path)
        except Exception:  # the file itself could not be made or read
            failed[number] = True
        else:
            failed[number] = prediction.score is None
            scores[number] = np.nan if prediction.score is None else prediction.score
        done(number + 1)
    return Examinee(guest.name, scores, failed, note="somebody else's predict(path)")


SUFFIXES = (
    (b"\x89PNG", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"RIFF", ".wav"),
    (b"\x1a\x45\xdf\xa3", ".mkv"),
)  # fmt: skip


@contextmanager
def laid_out(task: Task) -> Iterator[Path]:
    """A path that another program can open: the file itself, or a copy of what was made of it."""
    if task.change is None and not task.case.member:
        yield task.case.path
        return
    with manifest.opened(task.case) as file, tempfile.TemporaryDirectory() as folder:
        if task.change is None:
            yield _copied(file, Path(folder), Path(task.case.member).suffix)
            return
        with task.change(file) as changed:
            yield _copied(changed, Path(folder), None)


def _copied(file: BinaryIO, folder: Path, suffix: str | None) -> Path:
    file.seek(0)
    head = file.read(12)
    file.seek(0)
    if suffix is None:
        suffix = ".webp" if head[8:12] == b"WEBP" else next(
            (end for start, end in SUFFIXES if head.startswith(start)), ""
        )  # fmt: skip
    path = folder / f"file{suffix}"
    with path.open("wb") as copy:
        shutil.copyfileobj(file, copy)
    return path
