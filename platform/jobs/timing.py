"""The intervals and time limits of jobs. An operator may change each in the settings."""

from __future__ import annotations

import secrets
from typing import cast

from django.conf import settings
from django.db import models
from django.db.models import Func

MAX_ATTEMPTS = 5
MAX_CRASHES = 3
LONGEST_BACKOFF = 300.0
NEVER_SECONDS = 3e9
"""A row that is due so late waits until somebody acts on it."""


def lease_seconds() -> float:
    return cast(float, getattr(settings, "JOBS_LEASE_SECONDS", 60.0))


def reconcile_seconds() -> float:
    return cast(float, getattr(settings, "JOBS_RECONCILE_SECONDS", 10.0))


def overdue_seconds() -> float:
    """After this long a due row is taken without a bell, and its bell is rung again."""
    return cast(float, getattr(settings, "JOBS_OVERDUE_SECONDS", 30.0))


def most_seconds() -> float:
    """For one attempt in all. A lease is renewed as long as its process lives, so work that hangs
    would hold a slot for ever."""
    return cast(float, getattr(settings, "JOBS_MOST_SECONDS", 21_600.0))


def backoff(attempt: int) -> float:
    """2, 8, 32, 128 seconds and so on."""
    base = cast(float, getattr(settings, "JOBS_BACKOFF_SECONDS", 2.0))
    return growing_pause(attempt, base, LONGEST_BACKOFF)


def growing_pause(tries: int, base: float, longest: float) -> float:
    """Fourfold with each try, up to `longest`; each times 0.5 to 1.5 so that a herd spreads out."""
    jitter = 0.5 + secrets.randbelow(1001) / 1000
    return min(base * 4.0 ** min(max(tries - 1, 0), 20), longest) * jitter


class ClockTimestamp(Func):
    """The database's clock at this very moment, not at the start of the transaction."""

    function = "clock_timestamp"
    output_field = models.DateTimeField()
    arity = 0


class InSeconds(Func):
    """The database's clock, so many seconds from now."""

    template = "(clock_timestamp() + %(expressions)s * interval '1 second')"
    output_field = models.DateTimeField()

    def __init__(self, seconds: float) -> None:
        super().__init__(models.Value(float(seconds), output_field=models.FloatField()))
