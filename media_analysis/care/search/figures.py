"""How much media people met: a person's own days, and sums of a team that name nobody."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Count, Q

from accounts.models import Team, User
from media_analysis.care.models import Exposure
from media_analysis.care.services.exposure import today

DAYS = 7
FEWEST = 3
"""People. Sums of fewer would tell one person's figures."""


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
    most: int
    """The most that one person met, whoever that is."""
    enough: bool


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


def of_team(team: Team) -> OfTeam:
    return of_teams([team.pk])[team.pk]


def of_teams(teams: Collection[UUID]) -> dict[UUID, OfTeam]:
    """Each of these teams, by one question to the database."""
    since = today().date() - timedelta(days=DAYS)
    rows = Exposure.objects.filter(team__in=teams, day__gt=since).values("team", "person")
    each = rows.annotate(met=Count("pk"), lifted=Count("pk", filter=Q(unveiled=True))).order_by()
    found: dict[UUID, list[tuple[int, int]]] = {team: [] for team in teams}
    for row in each:
        found[row["team"]].append((row["met"], row["lifted"]))
    return {
        team: OfTeam(
            people=len(people),
            met=sum(met for met, _ in people),
            unveiled=sum(lifted for _, lifted in people),
            most=max((met for met, _ in people), default=0),
            enough=len(people) >= FEWEST,
        )
        for team, people in found.items()
    }
