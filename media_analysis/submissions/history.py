"""Finding submissions again: filters and keyset paging, always from `for_actor`."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.actors import Actor
from media_analysis.submissions.models import Submission, SubmissionQuerySet

PAGE_SIZE = 50


@dataclass(frozen=True)
class Page:
    rows: Sequence[Submission]
    newer: str | None
    older: str | None


def matching(actor: Actor, wanted: Mapping[str, Any]) -> SubmissionQuerySet:
    """What the actor may see of what was asked for; an unknown filter never widens the answer."""
    found = Submission.objects.for_actor(actor).select_related("team", "analysis", "blob")
    if words := (wanted.get("q") or "").strip():
        found = found.filter(
            Q(filename__icontains=words)
            | Q(note__icontains=words)
            | Q(external_id__iexact=words)
            | Q(blob__sha256__startswith=words.lower())
        )
    if outcome := wanted.get("outcome"):
        found = found.filter(analysis__outcome=outcome)
    if state := wanted.get("state"):
        found = found.filter(analysis__state=state)
    if kind := wanted.get("kind"):
        found = found.filter(blob__media_type__startswith=f"{kind}/")
    return found


def page(found: SubmissionQuerySet, cursor: str | None = None, size: int = PAGE_SIZE) -> Page:
    """Newest first. The cursor names a row, so that new arrivals shift nothing."""
    position = _decoded(cursor)
    backwards = position is not None and position.newer
    if position is not None:
        at, pk = position.at, position.pk
        side = "gt" if position.newer else "lt"
        found = found.filter(
            Q(**{f"created_at__{side}": at}) | Q(created_at=at, **{f"id__{side}": pk})
        )
    order = ("created_at", "id") if backwards else ("-created_at", "-id")
    rows = list(found.order_by(*order)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    has_newer = more if backwards else position is not None
    has_older = True if backwards else more
    return Page(
        rows,
        newer=_encoded(rows[0], newer=True) if rows and has_newer else None,
        older=_encoded(rows[-1], newer=False) if rows and has_older else None,
    )


@dataclass(frozen=True)
class _Position:
    at: datetime
    pk: UUID
    newer: bool


def _encoded(row: Submission, *, newer: bool) -> str:
    said = json.dumps([row.created_at.isoformat(), str(row.pk), newer])
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _decoded(cursor: str | None) -> _Position | None:
    """A cursor that we did not write is no cursor: the newest page answers."""
    if not cursor or len(cursor) > 300:
        return None
    try:
        at, pk, newer = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(at)
        return _Position(moment, UUID(pk), newer is True) if moment.tzinfo else None
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        return None
