"""Results of analyses that ended, as the JSON that answers hold.

Such a result never changes, except that a retention rule may remove its findings. So it is written
out once and kept for a while: in this process, in bounded memory, under the language that its
sentences are in.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from uuid import UUID

from django.utils.translation import get_language
from rest_framework.renderers import JSONRenderer

from media_analysis.partners.results import result_of
from ml.engine.version import VERSION
from ml.models import Analysis

MOST_BYTES = 4 * 1024 * 1024
LARGEST = 256 * 1024
SECONDS = 300.0
"""What was erased is not kept longer than that."""
FORM = 2
"""Raised with each new field, so that a caller's ETag of an earlier form is not the newest."""


def version(analysis: UUID, *, bare: bool) -> str:
    """Changes with every byte of the result. `bare`: its findings were removed."""
    return f"{analysis} {VERSION} {FORM} {get_language()}{' bare' if bare else ''}"


def result(analysis: UUID, *, bare: bool) -> bytes:
    name = version(analysis, bare=bare)
    if (known := KEPT.get(name)) is None:
        known = JSONRenderer().render(result_of(Analysis.objects.get(pk=analysis)))
        KEPT.put(name, known)
    return known


class Shelf:
    """The newest so many bytes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._held: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, name: str) -> bytes | None:
        with self._lock:
            self._forget(self._clock() - SECONDS)
            found = self._held.get(name)
            return found[1] if found else None

    def put(self, name: str, content: bytes) -> None:
        if len(content) > LARGEST:
            return
        with self._lock:
            if name in self._held:
                return
            self._held[name] = (self._clock(), content)
            self._bytes += len(content)
            self._forget(0.0)

    def _forget(self, before: float) -> None:
        """What is older, or too much; the oldest first."""
        while self._held:
            name, (at, content) = next(iter(self._held.items()))
            if at >= before and self._bytes <= MOST_BYTES:
                return
            del self._held[name]
            self._bytes -= len(content)


KEPT = Shelf()
