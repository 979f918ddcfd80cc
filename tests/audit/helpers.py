"""Shared helpers of the record's tests: events made quickly, and changes to history."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from audit.models import Event
from audit.services import record
from audit.verbs import Verb
from audit.who import Who

APP = "touchstone_app"
"""The application's own role, as `platform/local/postgres.py` makes it."""
ALICE = Who(kind="user", id="3f0c", via="passkey", role="moderator")


def note(chain: uuid.UUID, **more: Any) -> Event:
    """One event in a chain; everything not given is made up."""
    content: dict[str, Any] = {
        "chain": chain,
        "verb": Verb.MEDIA_VIEWED,
        "who": ALICE,
        "object_type": "submission",
        "object_id": str(chain),
        "object_sha256": "ab" * 32,
    }
    return record(**(content | more))


@contextmanager
def triggers_off() -> Iterator[None]:
    """What only a superuser can do: change rows while every guard looks away."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            cursor.execute("SET session_replication_role = origin")
