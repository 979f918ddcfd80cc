"""How long background work runs before it checks whether something else waits."""

from __future__ import annotations

import time
from collections.abc import Callable

from jobs.claims import Claim
from jobs.errors import Why
from jobs.models import LeasedJob
from jobs.services import others_wait

LOOK_EVERY = 1.0


class YieldTimer:
    """Asked for every frame, it asks the database once a second."""

    def __init__(self, others_wait: Callable[[], bool]) -> None:
        self._others_wait = others_wait
        self._next = time.monotonic() + LOOK_EVERY

    def is_over(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + LOOK_EVERY
        return self._others_wait()


def should_stop(claim: Claim, model: type[LeasedJob]) -> Callable[[], bool]:
    """Returns a function that background work calls for each frame. It is true when the work was
    stopped, or when other work waits."""
    timer = YieldTimer(lambda: others_wait(model, kinds=claim.kinds))

    def stop() -> bool:
        if not claim.should_stop() and timer.is_over():
            claim.stop(Why.GAVE_WAY)
        return claim.should_stop()

    return stop
