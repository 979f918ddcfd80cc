"""Break reminders: how long a person has reviewed and how much media they were shown without a
break.

Nothing is recorded, and nobody else is notified.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Case, F, PositiveIntegerField, Q, Value, When
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.models import Team, User
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.care.models import (
    BREAK_ITEMS,
    BREAK_MINUTES,
    LONGEST_WORK,
    MOST_ITEMS,
    CareRule,
    Sitting,
)

A_BREAK = timedelta(minutes=15)
"""So long without opening, claiming or deciding anything is a break."""


@dataclass(frozen=True)
class Limits:
    """0: never. None: nothing chosen."""

    minutes: int | None = None
    items: int | None = None


USUAL = Limits(BREAK_MINUTES, BREAK_ITEMS)


@dataclass(frozen=True)
class Worked:
    """Without a break, by whoever should take one."""

    minutes: int
    items: int
    is_long: bool
    """It is time by the minutes, otherwise by the items."""


def works(actor: Actor, *, items: int = 0) -> None:
    """The person does something in review, or meets media; after a break a new sitting begins."""
    if actor.user is None:
        return
    rested = Q(last_at__lt=Now() - A_BREAK)
    number = partial(Value, output_field=PositiveIntegerField())
    changed = Sitting.objects.filter(person=actor.user).update(
        began_at=Case(When(rested, then=Now()), default=F("began_at")),
        reminded_from=Case(When(rested, then=Now()), default=F("reminded_from")),
        items=Case(When(rested, then=number(items)), default=F("items") + number(items)),
        reminded_items=Case(When(rested, then=number(0)), default=F("reminded_items")),
        last_at=Now(),
    )
    if not changed:
        one = Sitting(person=actor.user, items=items, reminded_items=0)
        Sitting.objects.bulk_create([one], ignore_conflicts=True)


def dismiss(actor: Actor) -> None:
    """The next reminder comes after as much again."""
    mine = Sitting.objects.filter(person=actor.user)
    mine.update(reminded_from=Now(), reminded_items=F("items"))


def due(actor: Actor) -> Worked | None:
    """What the person did, where it is time for a break."""
    limits = _limits(actor)
    is_long = Q(reminded_from__lte=Now() - timedelta(minutes=limits.minutes or 0))
    is_much = Q(items__gte=F("reminded_items") + (limits.items or 0))
    reached = (is_long if limits.minutes else Q()) | (is_much if limits.items else Q())
    if not reached:
        return None
    sitting = (
        Sitting.objects.filter(reached, person=actor.user, last_at__gte=Now() - A_BREAK)
        .annotate(is_long=Case(When(is_long, then=Value(True)), default=Value(False)))
        .first()
    )
    if sitting is None:
        return None
    minutes = int((datetime.now(UTC) - sitting.began_at).total_seconds() // 60)
    return Worked(minutes, sitting.items, bool(limits.minutes) and sitting.is_long)


def _limits(actor: Actor) -> Limits:
    """The person's own, then the lowest of their teams; none for whoever does not decide."""
    teams = actor.team_ids(Permission.DECIDE_CASES)
    if not teams or actor.user is None:
        return Limits()
    rows = CareRule.objects.filter(Q(team__in=teams) | Q(person=actor.user))
    by_team = {row.team_id: _of_row(row) for row in rows}  # the person's own has no team
    own, each = by_team.get(None, Limits()), [_or_usual(by_team.get(team)) for team in teams]
    return Limits(
        _lowest([one.minutes for one in each]) if own.minutes is None else own.minutes,
        _lowest([one.items for one in each]) if own.items is None else own.items,
    )


def _lowest(values: list[int | None]) -> int:
    return min((one for one in values if one), default=0)


def _of_row(row: CareRule) -> Limits:
    return Limits(row.break_minutes, row.break_items)


def _or_usual(limits: Limits | None) -> Limits:
    chosen = limits or Limits()
    return Limits(
        USUAL.minutes if chosen.minutes is None else chosen.minutes,
        USUAL.items if chosen.items is None else chosen.items,
    )


def of_team(team: Team) -> Limits:
    """What holds in the team, chosen or usual."""
    row = CareRule.objects.filter(team=team).first()
    return _or_usual(_of_row(row) if row else None)


def chosen_by(person: User) -> Limits:
    row = CareRule.objects.filter(person=person).first()
    return _of_row(row) if row else Limits()


@transaction.atomic
def choose_own(person: User, limits: Limits) -> None:
    """Theirs alone: no matter of record."""
    check(limits)
    values = {"break_minutes": limits.minutes, "break_items": limits.items}
    CareRule.objects.update_or_create(person=person, defaults=values)


def check(limits: Limits) -> None:
    if not 0 <= (limits.minutes or 0) <= LONGEST_WORK:
        raise Refusal("break_out_of_range", most=LONGEST_WORK)
    if not 0 <= (limits.items or 0) <= MOST_ITEMS:
        raise Refusal("break_items_out_of_range", most=MOST_ITEMS)
