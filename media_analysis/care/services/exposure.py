"""What a person met, day by day, and when they should rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Case, F, When
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.models import User
from accounts.roles import Permission
from media_analysis.care.models import BREAK_MINUTES, CareRule, Exposure, OwnKey, Sitting, Veil

KEPT_DAYS = 90
A_BREAK = timedelta(minutes=15)
"""So long without opening, claiming or deciding anything is a break."""


def today() -> datetime:
    return datetime.now(UTC)


def met(actor: Actor, submission_id: UUID, team_id: UUID, veiled: Callable[[], bool]) -> None:
    """Media of this submission goes to this person's browser. Once a day; `veiled` is asked only
    when it was not counted yet."""
    if actor.user is None:
        return
    day = today().date()
    mine = Exposure.objects.filter(person=actor.user, day=day, submission=submission_id)
    if mine.exists():
        return
    one = Exposure(
        person=actor.user, submission_id=submission_id, team_id=team_id, day=day,
        unveiled=not veiled(),
    )  # fmt: skip
    Exposure.objects.bulk_create([one], ignore_conflicts=True)


def unveiled(actor: Actor, submission_id: UUID, team_id: UUID) -> None:
    """The person lifted the veil."""
    met(actor, submission_id, team_id, lambda: False)
    mine = Exposure.objects.filter(person=actor.user, submission=submission_id)
    mine.filter(day=today().date(), unveiled=False).update(unveiled=True)


def works(actor: Actor) -> None:
    """The person does something in review; after a break a new sitting begins."""
    if actor.user is None:
        return
    rested = When(last_at__lt=Now() - A_BREAK, then=Now())
    changed = Sitting.objects.filter(person=actor.user).update(
        began_at=Case(rested, default=F("began_at")),
        reminded_from=Case(rested, default=F("reminded_from")),
        last_at=Now(),
    )
    if not changed:
        Sitting.objects.bulk_create([Sitting(person=actor.user)], ignore_conflicts=True)


def dismiss(actor: Actor) -> None:
    """The next reminder comes after the same time again."""
    Sitting.objects.filter(person=actor.user).update(reminded_from=Now())


def minutes_worked(actor: Actor) -> int | None:
    """Since when the person reviews without a break, where it is time for one; None where not."""
    allowed = _allowed(actor)
    if not allowed:
        return None
    due = Sitting.objects.filter(
        person=actor.user,
        reminded_from__lte=Now() - timedelta(minutes=allowed),
        last_at__gte=Now() - A_BREAK,
    ).first()
    return int((today() - due.began_at).total_seconds() // 60) if due else None


def _allowed(actor: Actor) -> int:
    """The shortest of the person's teams; 0 where none reminds."""
    teams = actor.team_ids(Permission.DECIDE_CASES)
    if not teams or actor.user is None:
        return 0
    said = dict(CareRule.objects.filter(team__in=teams).values_list("team_id", "break_minutes"))
    wanted = [said.get(team, BREAK_MINUTES) for team in teams]
    return min((one for one in wanted if one), default=0)


def forget(person: User) -> None:
    """All that is kept of this person alone."""
    for model in (Exposure, OwnKey, Sitting, Veil):
        model.objects.filter(person=person).delete()


def forget_old() -> int:
    """A duty of the workers."""
    old = Exposure.objects.filter(day__lt=today().date() - timedelta(days=KEPT_DAYS))
    return old.delete()[0]
