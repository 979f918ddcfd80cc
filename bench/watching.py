"""Measures the parts of an installation during a run: memory over time, and processor use."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

Processes = Callable[[], list[psutil.Process]]
EVERY_SECONDS = 5.0
CORES = os.cpu_count() or 1


def with_children(pid: int) -> list[psutil.Process]:
    """The process and its children, and theirs; none when it is gone."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def pss(processes: Iterable[psutil.Process]) -> int:
    """Bytes: what several share counts once among them."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


def processor(processes: Iterable[psutil.Process]) -> float:
    """Seconds, with those of children that have ended."""
    total = 0.0
    for process in processes:
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


@dataclass
class Watch:
    memory: dict[str, Processes]
    shares: dict[str, Processes]
    seconds: float = 0.0
    samples: list[tuple[float, dict[str, int]]] = field(default_factory=list)
    processor_seconds: dict[str, float] = field(default_factory=dict)
    idle: float = 0.0
    """Share of all processors that nobody used, not even others on this machine."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        began, before = time.monotonic(), self._spent()
        machine = psutil.cpu_times()
        done = threading.Event()
        thread = threading.Thread(target=self._sample, args=(began, done))
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self.seconds = time.monotonic() - began
            after = self._spent()
            self.processor_seconds = {part: after[part] - before[part] for part in after}
            self.idle = (psutil.cpu_times().idle - machine.idle) / (self.seconds * CORES)

    def _spent(self) -> dict[str, float]:
        return {part: processor(found()) for part, found in self.shares.items()}

    def _sample(self, began: float, done: threading.Event) -> None:
        while not done.wait(EVERY_SECONDS):
            taken = {part: pss(found()) for part, found in self.memory.items()}
            self.samples.append((time.monotonic() - began, taken))

    def grew(self, part: str) -> tuple[float, float]:
        """MB on average in the first minute and in the last; of a short run in its halves."""
        minute = min(60.0, self.seconds / 2)
        first = [taken[part] for at, taken in self.samples if at <= minute]
        last = [taken[part] for at, taken in self.samples if at >= self.seconds - minute]
        return _mean(first) / 1e6, _mean(last) / 1e6

    def share(self, part: str) -> float:
        """Of all processors."""
        return self.processor_seconds[part] / (self.seconds * CORES)


def _mean(numbers: list[int]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def timed(command: list[str], **how: object) -> float:
    """Runs it to its end; the processor's seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, **how)  # type: ignore[call-overload]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
