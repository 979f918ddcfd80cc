"""Turning the clock of a row, which only the database may read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import F

from jobs.timing import InSeconds
from tests.jobs.errands import Errand


def expire(errand: Errand) -> None:
    """The lease ran out a second ago."""
    Errand.objects.filter(pk=errand.pk).update(lease_until=InSeconds(-1))


def make_due(errand: Errand) -> None:
    Errand.objects.filter(pk=errand.pk).update(available_at=F("created_at"))


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Do `work(n)` in so many threads at once, each with its own connection."""
    results: list[Any] = [None] * count
    together = threading.Barrier(count)

    def one(n: int) -> None:
        try:
            together.wait(10)
            results[n] = work(n)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results
