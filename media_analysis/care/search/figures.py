"""How much media people viewed: a person's own days, and sums of a team that name nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from accounts.models import Team, User
from media_analysis.care.models import Exposure
from media_analysis.care.services.exposure import today

DAYS = 7
Met = tuple[Any, int, int]
"""One person on one day: who, how many items, and how many of them without blur."""
FEWEST = 3
"""People besides the reader. Sums of fewer would tell one person's figures."""


@dataclass(frozen=True)
class Day:
    day: date
    met: int
    unveiled: int


@dataclass(frozen=True)
class Own:
    today: Day
    met: int
    unveiled: int
    days: list[Day]


@dataclass(frozen=True)
class OfTeam:
    people: int
    met: int
    unveiled: int
    enough: bool
    """There is a day on which enough people met media."""


def own(person: User) -> Own:
    """The last days, today first."""
    last = today().date()
    rows = Exposure.objects.filter(person=person, day__gt=last - timedelta(days=DAYS))
    counted = rows.values("day").annotate(
        met=Count("pk"), unveiled=Count("pk", filter=Q(unveiled=True))
    )
    found = {row["day"]: Day(**row) for row in counted}
    days = [last - timedelta(days=back) for back in range(DAYS)]
    all_days = [found.get(day, Day(day, 0, 0)) for day in days]
    return Own(
        today=all_days[0],
        met=sum(day.met for day in all_days),
        unveiled=sum(day.unveiled for day in all_days),
        days=all_days,
    )


def of_team(reader: User | None, team: Team) -> OfTeam:
    return of_teams(reader, [team.pk])[team.pk]


def of_teams(reader: User | None, teams: Collection[UUID]) -> dict[UUID, OfTeam]:
    """Each of these teams, by one question to the database.

    Nobody can take one sum from another and be left with one person's figures. The reader, who
    knows their own, is left out. Only days that are over count, so a page that is opened again
    tells nobody's last minutes. And a day counts only if it is itself a sum of enough people, so
    the window that moves on by a day adds and drops such sums alone.
    """
    last = today().date()
    rows = Exposure.objects.filter(
        team__in=teams, day__gte=last - timedelta(days=DAYS), day__lt=last
    ).exclude(person=reader)
    each = rows.values("team", "day", "person").order_by()
    each = each.annotate(met=Count("pk"), lifted=Count("pk", filter=Q(unveiled=True)))
    found: dict[UUID, dict[date, list[Met]]] = {team: {} for team in teams}
    for row in each:
        of_day = found[row["team"]].setdefault(row["day"], [])
        of_day.append((row["person"], row["met"], row["lifted"]))
    return {team: _summed(days.values()) for team, days in found.items()}


def _summed(days: Iterable[list[Met]]) -> OfTeam:
    counted = [one for day in days if len(day) >= FEWEST for one in day]
    return OfTeam(
        people=len({person for person, _, _ in counted}),
        met=sum(met for _, met, _ in counted),
        unveiled=sum(lifted for _, _, lifted in counted),
        enough=bool(counted),
    )
