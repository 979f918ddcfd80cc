"""How long background work goes on before it looks whether something else waits."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOK_EVERY = 1.0


class Patience:
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
