"""A claim: the right to work on one row, for as long as the lease is renewed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from jobs.errors import Interrupted, Why
from jobs.models import LeasedJob


@dataclass(eq=False)
class Claim:
    """Made by `services.claim`; the keeper renews it; the runner asks `should_stop` as it works."""

    model: type[LeasedJob]
    pk: Any
    fence: int
    attempt: int
    crashes: int
    worker: str
    lease_seconds: float
    fraction: float = 0.0
    stage: str = ""
    kinds: frozenset[str] | None = None
    """The kinds that its slot takes; None when it takes all."""
    why: Why | None = None
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)

    def progress(self, fraction: float, stage: str = "") -> None:
        """Cheap enough for every frame: the keeper writes it down, at most once a second."""
        self.fraction, self.stage = min(max(fraction, 0.0), 1.0), stage[:100]

    def stop(self, why: Why) -> None:
        """The first reason stands, except that a lost lease outweighs everything."""
        if self.why is None or why is Why.LOST:
            self.why = why
        self._stop.set()

    def should_stop(self) -> bool:
        return self._stop.is_set()

    def raise_if_stopped(self) -> None:
        if self.why is not None:
            raise Interrupted(self.why)
