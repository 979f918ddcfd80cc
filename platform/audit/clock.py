"""The database's clock, which dates everything in the record."""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """At this very moment, not at the start of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
