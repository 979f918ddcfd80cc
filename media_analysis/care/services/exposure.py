"""The media that a person viewed, day by day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.actors import Actor
from accounts.models import User
from media_analysis.care.models import CareRule, Exposure, OwnKey, Sitting, Veil
from media_analysis.care.services import breaks

KEPT_DAYS = 90


def today() -> datetime:
    return datetime.now(UTC)


def met(actor: Actor, submission_id: UUID, team_id: UUID, veiled: Callable[[], bool]) -> None:
    """Count that media of this submission was sent to this person's browser, once a day. `veiled`
    is evaluated only if it was not counted yet."""
    if actor.user is None:
        return
    first: dict[str, Any] = {"team_id": team_id, "unveiled": lambda: not veiled()}
    _, is_new = Exposure.objects.get_or_create(
        person=actor.user, submission_id=submission_id, day=today().date(), defaults=first
    )
    if is_new:
        breaks.works(actor, items=1)


def unveiled(actor: Actor, submission_id: UUID, team_id: UUID) -> None:
    """The person lifted the veil."""
    met(actor, submission_id, team_id, lambda: False)
    mine = Exposure.objects.filter(person=actor.user, submission=submission_id)
    mine.filter(day=today().date(), unveiled=False).update(unveiled=True)


def forget(person: User) -> None:
    """All that is kept of this person alone."""
    for model in (CareRule, Exposure, OwnKey, Sitting, Veil):
        model.objects.filter(person=person).delete()


def forget_old() -> int:
    """A duty of the workers."""
    old = Exposure.objects.filter(day__lt=today().date() - timedelta(days=KEPT_DAYS))
    return old.delete()[0]
