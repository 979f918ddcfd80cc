"""What a live server still answers: a page that was left may have asked for something just before.

The tables must not be emptied under such a request: the two would wait for each other's locks.
"""

from __future__ import annotations

from threading import Condition
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started


class InFlight:
    """Counts the requests that came over a socket; those of a test's own client are of another
    handler and end before it goes on."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = Condition()
        request_started.connect(self._started)
        request_finished.connect(self._finished)

    def _started(self, sender: type, **_: Any) -> None:
        self._add(1, sender)

    def _finished(self, sender: type, **_: Any) -> None:
        self._add(-1, sender)

    def _add(self, change: int, sender: type) -> None:
        if issubclass(sender, WSGIHandler):
            with self._changed:
                self.count += change
                self._changed.notify_all()

    def begun(self, seconds: float) -> bool:
        """Once something is being answered."""
        with self._changed:
            return self._changed.wait_for(lambda: self.count > 0, seconds)

    def ended(self, seconds: float) -> bool:
        """Once nothing is being answered any more; false if that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self.count == 0, seconds)
