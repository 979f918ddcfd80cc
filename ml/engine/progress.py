"""Reports the progress of an analysis: each stage has a share of the time that it was measured to
take.

`bench/stages.py` prints how well that fits. The seconds were measured on one machine; only their
ratios matter.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from ml.engine.contract import Kind, MediaInfo
from ml.engine.manifest import Cost, Manifest

Report = Callable[[float, str], None]
OPENED = 0.02
"""Reported until the header is read and the rest can be estimated."""
LAST = 0.99
"""The verdict alone makes it whole."""


class Stopped(Exception):
    """The caller requested a stop. Nothing was concluded."""


FOREVER = float("inf")
LOOKING: Mapping[Kind, Cost] = {
    Kind.IMAGE: Cost(0.65),
    Kind.VIDEO: Cost(0.3, 0.7, FOREVER),
    Kind.AUDIO: Cost(0.1, 0.005, FOREVER),
}
LISTENING = Cost(0.05, 0.02, FOREVER)
"""To tell speech from other sound, of what has sound."""


class Progress:
    """Only ever forwards, whoever reports: checks conclude side by side, in threads."""

    def __init__(
        self, report: Report | None, should_stop: Callable[[], bool] | None = None
    ) -> None:
        self._report = report or (lambda share, stage: None)
        self._should_stop = should_stop
        self._lock = threading.Lock()
        self._share = 0.0
        self._looked, self._listened = OPENED, OPENED
        self._costs: dict[str, float] = {}
        self._done: dict[str, float] = {}

    def stop_if_requested(self) -> None:
        if self._should_stop and self._should_stop():
            raise Stopped

    def at(self, share: float, stage: str) -> None:
        with self._lock:
            self._share = max(self._share, min(share, 1.0))
            self._report(self._share, stage)

    def plan(self, info: MediaInfo, checks: Sequence[Manifest]) -> None:
        """What each stage will take, as far as the container's promises can be believed, and as if
        the file had what each check looks at."""
        duration = info.duration or 0.0
        look = LOOKING[info.kind].of(duration)
        listen = LISTENING.of(duration) if info.has_audio else 0.0
        self._costs = {check.name: check.cost.of(duration) for check in checks}
        self._done = dict.fromkeys(self._costs, 0.0)
        whole = look + listen + sum(self._costs.values())
        room = LAST - OPENED
        self._looked = OPENED + room * look / whole
        self._listened = OPENED + room * (look + listen) / whole

    def looking(self, part: float) -> None:
        self.at(OPENED + (self._looked - OPENED) * min(part, 1.0), "looking")

    def listening(self) -> None:
        self.at(self._looked, "listening")

    def concluding(self, check: str, part: float) -> None:
        """The progress of one check. Stops here if a person has requested it."""
        self.stop_if_requested()
        with self._lock:
            self._done[check] = max(self._done.get(check, 0.0), min(part, 1.0))
            done = sum(self._costs.get(name, 0.0) * part for name, part in self._done.items())
        whole = sum(self._costs.values()) or 1.0
        self.at(self._listened + (LAST - self._listened) * done / whole, "concluding")
