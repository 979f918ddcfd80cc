"""Runs the detectors on one file. A failure in one does not affect the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ml.engine.checking import checked
from ml.engine.contract import (
    Detector,
    Examination,
    Finding,
    Kind,
    Media,
    Status,
    View,
)  # fmt: skip
from ml.engine.manifest import Manifest
from ml.engine.progress import Stopped
from ml.engine.registry import Missing
from ml.engine.sentence import say

log = logging.getLogger(__name__)

Advanced = Callable[[str, float], None]
"""Hears a check's name, and which part of its work is done."""
Concluded = Callable[[str, int, int, float, str], None]
concluded: list[Concluded] = []
"""Who wants to hear of each check's work on a file: its name, when it began and ended (nanoseconds
since the epoch), the seconds for which it was busy in between, and the status of its finding."""
TOO_EARLY = 1e-6
"""Timestamps are rounded; a view that is due within a microsecond is due."""
AT_ONCE = 2
"""Checks that conclude side by side. Nothing is decoded any more then, and networks leave the
interpreter's lock: on an idle core the answer comes sooner, on a busy one nothing is lost."""


@dataclass(slots=True)
class Work:
    """One detector's state on this file."""

    detector: Detector
    examination: Examination | None = None
    finding: Finding | None = None
    seconds: float = 0.0
    next_view: float = 0.0
    began: int = field(default_factory=time.time_ns)
    ended: int = 0


class DetectorSession:
    """All detectors on one file: they observe the views they want, and conclude."""

    def __init__(self, media: Media, detectors: Sequence[Detector | Missing]) -> None:
        self._media = media
        self._still = media.info.kind is Kind.IMAGE
        self._missing = [_missing(d) for d in detectors if isinstance(d, Missing)]
        self._works = [Work(d) for d in detectors if not isinstance(d, Missing)]
        for work in self._works:
            self._begin(work)

    def _begin(self, work: Work) -> None:
        started = time.perf_counter()
        try:
            reason = work.detector.not_applicable(self._media)
            if reason is not None:
                work.finding = Finding.not_applicable(work.detector, reason)
            else:
                work.examination = work.detector.examine(self._media)
        except Exception as error:
            self._broke(work, error)
        work.seconds += time.perf_counter() - started

    def observe(self, view: View) -> None:
        for work in self._works:
            if work.examination is None or not self._due(work, view):
                continue
            started = time.perf_counter()
            try:
                work.examination.observe(view)
            except Exception as error:
                self._broke(work, error)
            work.seconds += time.perf_counter() - started

    def _due(self, work: Work, view: View) -> bool:
        needs = work.detector.manifest.needs
        if needs.close_seconds > 0 or needs.close_seconds_without_sound > 0:
            return True  # whatever the sandbox sends, it was sent for this detector too
        rate = needs.frames_per_second
        if rate <= 0:
            return False
        if self._still:
            return True
        if view.frame.seconds + TOO_EARLY < work.next_view:
            return False
        work.next_view = max(work.next_view + 1 / rate, view.frame.seconds)
        return True

    @property
    def checks(self) -> list[Manifest]:
        """The expected seconds of the checks that have something to conclude."""
        return [work.detector.manifest for work in self._works if work.examination is not None]

    def conclude(self, advanced: Advanced | None = None) -> tuple[Finding, ...]:
        """Every detector's finding, in the order of their names. `advanced` hears how far each is;
        what it raises to stop them is passed on."""
        self._advanced = advanced or (lambda check, part: None)
        with ThreadPoolExecutor(AT_ONCE, "conclude") as pool:
            list(pool.map(self._conclude, self._works))
        for work in self._works:
            for hear in concluded:
                status = work.finding.status.value if work.finding else ""
                hear(work.detector.name, work.began, work.ended, work.seconds, status)
        findings = [
            replace(work.finding, seconds=work.seconds) for work in self._works if work.finding
        ]
        return tuple(sorted([*findings, *self._missing], key=lambda f: f.detector))

    def _conclude(self, work: Work) -> None:
        if work.finding is not None or work.examination is None:
            work.ended = time.time_ns()
            return
        started, name = time.perf_counter(), work.detector.name
        try:
            work.examination.advance = lambda part: self._advanced(name, part)
            work.finding = checked(work.detector, work.examination.conclude())
        except Stopped:
            raise
        except Exception as error:
            self._broke(work, error)
        self._close(work)
        work.ended = time.time_ns()
        work.seconds += time.perf_counter() - started
        self._advanced(name, 1.0)

    def close(self) -> None:
        """Nothing that a detector keeps for this file outlives it."""
        for work in self._works:
            self._close(work)

    def _close(self, work: Work) -> None:
        examination, work.examination = work.examination, None
        try:
            if examination is not None:
                examination.close()
        except Exception:
            log.exception("detector %s could not be closed", work.detector.name)

    def _broke(self, work: Work, error: Exception) -> None:
        log.error("detector %s broke", work.detector.name, exc_info=error)
        self._close(work)
        work.finding = Finding(
            work.detector.name,
            work.detector.version,
            Status.FAILED,
            say("check.failed"),
        )


def _missing(detector: Missing) -> Finding:
    return Finding(detector.name, "", Status.FAILED, detector.reason)
