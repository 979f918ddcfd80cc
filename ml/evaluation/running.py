"""Every case through the engine that production uses, here or in several processes.

Whatever goes wrong with one file is its record's `error`; the run goes on. Results come in the
order of the manifest.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import util
from typing import BinaryIO, Protocol

from ml.engine import analysis, registry
from ml.engine.contract import Detector
from ml.engine.media.media_file import fingerprint
from ml.engine.registry import Missing
from ml.evaluation import manifest, records
from ml.evaluation.manifest import Case
from ml.evaluation.records import Kept, Record
from sandbox import services as sandbox
from sandbox.types import Rejected, SandboxFailed

log = logging.getLogger(__name__)


class UnknownDetector(ValueError):
    """A name that the registry does not have."""


class Change(Protocol):
    """Something done to a file before it is examined (see `robustness`)."""

    @property
    def name(self) -> str: ...

    def __call__(self, file: BinaryIO) -> BinaryIO: ...


@dataclass(frozen=True)
class Task:
    """One file to examine, perhaps after something was done to it."""

    case: Case
    change: Change | None = None

    def key(self, sha256: str) -> str:
        return f"{sha256}|{self.change.name}" if self.change else sha256


def check(names: Sequence[str] | None) -> None:
    """Raises UnknownDetector; loads none."""
    offered = registry.names()
    for name in names or ():
        if name not in offered:
            raise UnknownDetector(f"There is no detector {name!r}; there are {', '.join(offered)}.")


def chosen(names: Sequence[str] | None) -> tuple[Detector | Missing, ...]:
    """The detectors of these names, or all."""
    check(names)
    return tuple(d for d in registry.detectors() if names is None or d.name in names)


def examine(task: Task, names: Sequence[str] | None = None, sha256: str | None = None) -> Record:
    """One file's record; nothing is raised for the file's sake."""
    try:
        with manifest.opened(task.case) as file:
            if sha256 is None:
                sha256, _ = fingerprint(file)
            if task.change is None:
                return records.of(analysis.analyse(file, detectors=chosen(names)), sha256)
            with task.change(file) as changed:
                return records.of(analysis.analyse(changed, detectors=chosen(names)), sha256)
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        return Record(sha256 or "", error=f"It could not be read ({error}).")
    except (SandboxFailed, Rejected) as error:
        return Record(sha256 or "", error=f"It could not be examined ({error}).")
    except Exception as error:
        log.exception("examining %s broke", task.case.name)
        return Record(sha256 or "", error=f"Examining it broke ({type(error).__name__}).")


def run(
    tasks: Sequence[Task],
    kept: Kept,
    *,
    names: Sequence[str] | None = None,
    jobs: int = 1,
    done: Callable[[int], None] = lambda count: None,
) -> list[Record]:
    """A record per task, known ones from `kept`. `done` is called with the number of finished
    tasks. `jobs` processes do the work; 0 is this one."""
    found: dict[int, Record] = {}
    todo: list[tuple[int, str]] = []
    prints: dict[int, Record] = {}
    for number, task in enumerate(tasks):
        if task.case.row not in prints:
            prints[task.case.row] = _fingerprinted(task.case)
        print_ = prints[task.case.row]
        known = print_ if print_.error else kept.get(task.key(print_.sha256))
        if known is not None:
            found[number] = known
            done(len(found))
        else:
            todo.append((number, print_.sha256))
    work = [(number, (tasks[number], names, sha256)) for number, sha256 in todo]
    for number, record in _here(work) if jobs == 0 else _in_processes(work, jobs):
        found[number] = record
        kept.add(tasks[number].key(record.sha256), record)
        done(len(found))
    return [found[number] for number in range(len(tasks))]


def _fingerprinted(case: Case) -> Record:
    """A record that holds nothing but the digest, or why there is none."""
    try:
        with manifest.opened(case) as file:
            sha256, _ = fingerprint(file)
    except (OSError, zipfile.BadZipFile, KeyError, RuntimeError) as error:
        return Record(error=f"It could not be read ({error}).")
    if case.sha256 and case.sha256 != sha256:
        return Record(sha256, error="It is not the file that the manifest promises (SHA-256).")
    return Record(sha256)


# === In this process, or in others ===

Work = tuple[int, tuple[Task, Sequence[str] | None, str]]


def _here(work: Sequence[Work]) -> Iterator[tuple[int, Record]]:
    for number, question in work:
        yield number, examine(*question)


def _in_processes(work: Sequence[Work], jobs: int) -> Iterator[tuple[int, Record]]:
    """A model runtime may end its whole process. What was running is then tried once more, each
    file in a process of its own, so that only the file that caused it is lost."""
    waiting = deque(work)
    while waiting:
        running: dict[Future[Record], Work] = {}
        try:
            with _pool(jobs) as pool:
                while waiting or running:
                    while waiting and len(running) < 2 * jobs:
                        one = waiting.popleft()
                        running[pool.submit(examine, *one[1])] = one
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        record = future.result()
                        number, _ = running.pop(future)
                        yield number, record
        except BrokenProcessPool:
            for number, question in running.values():
                yield number, _alone(question)


def _alone(question: tuple[Task, Sequence[str] | None, str]) -> Record:
    try:
        with _pool(1) as pool:
            return pool.submit(examine, *question).result()
    except BrokenProcessPool:
        return Record(question[2], error="Examining it ended the process that did it.")


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Spawned, not forked: MediaPipe does not survive a fork."""
    pool = ProcessPoolExecutor(
        jobs,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(sandbox.REQUIRE_WALLS,),
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(require_walls: bool) -> None:
    """In a new process. Ctrl-C is for its parent, who lets it finish its file."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sandbox.REQUIRE_WALLS = require_walls
    util.Finalize(None, lambda: sandbox.warden().close(), exitpriority=1)
