"""Waits for requests that a live server still answers after a page was left.

The tables must not be emptied under such a request: the two would wait for each other's locks.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, get_ident
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started


class InFlight:
    """Knows which threads are answering what came over a socket; a test's own client has another
    handler, and its answers end before it goes on."""

    def __init__(self) -> None:
        self._threads: set[int] = set()
        self._changed = Condition()
        request_started.connect(self._started)
        request_finished.connect(self._finished)

    def _started(self, sender: type, **_: Any) -> None:
        if issubclass(sender, WSGIHandler):
            self._note(self._threads.add)

    def _finished(self, **_: Any) -> None:
        self._note(self._threads.discard)

    def _note(self, change: Callable[[int], None]) -> None:
        with self._changed:
            change(get_ident())
            self._changed.notify_all()

    def begun(self, seconds: float) -> bool:
        """Once something is being answered."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._threads), seconds)

    def ended(self, seconds: float) -> bool:
        """Once nothing is being answered any more; false if that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._threads, seconds)
