"""What a key that reads its own alone may see of a table."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models

from accounts.actors import Actor

Rows = TypeVar("Rows", bound="models.QuerySet[Any]")


def limit_to_own(rows: Rows, actor: Actor, sender: str) -> Rows:
    """The submissions of the key's own partner, for a key that may read only these."""
    return rows.filter(**{sender: actor.service}) if actor.reads_own_only else rows
