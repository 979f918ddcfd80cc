"""What waits for a person, the oldest first: found by an index, however much waits.

Each team is asked by itself and the answers are merged: only so does the index of a team's waiting
cases give the order.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from accounts.actors import Actor
from accounts.roles import Permission
from media_analysis.review.models import Case, CaseState, TeamOwned

SHOWN = 100
COUNTED = 1000
"""More than this is told as "more than": counting a million takes long and says no more."""


def waiting(actor: Actor, permission: Permission = Permission.VIEW_CASES) -> TeamOwned:
    return Case.objects.for_actor(actor, permission).exclude(state=CaseState.DECIDED)


def oldest(
    actor: Actor, most: int, permission: Permission = Permission.VIEW_CASES, only: Q | None = None
) -> list[UUID]:
    """The ids of the oldest cases that wait in the actor's teams."""
    found = waiting(actor, permission).filter(only or Q())
    parts = [
        found.filter(team=team).order_by("opened_at", "id").values_list("opened_at", "id")[:most]
        for team in actor.team_ids(permission)
    ]
    if not parts:
        return []
    if len(parts) == 1:
        return [pk for _, pk in parts[0]]
    merged = parts[0].union(*parts[1:], all=True).order_by("opened_at", "id")
    return [pk for _, pk in merged[:most]]


def shown(actor: Actor) -> list[Case]:
    """The beginning of the queue, with what the page says of each."""
    ids = oldest(actor, SHOWN)
    related = ("submission", "submission__analysis", "team", "holder")
    found = waiting(actor).select_related(*related)
    heavy = ("submission__analysis__result", "submission__analysis__media")
    cases: dict[UUID, Case] = found.defer(*heavy).in_bulk(ids)
    return [cases[pk] for pk in ids if pk in cases]


def count(actor: Actor) -> int:
    """How many wait; never more than `COUNTED` and one, which means "more"."""
    return waiting(actor).order_by()[: COUNTED + 1].count()


def in_hands_of(actor: Actor) -> Case | None:
    """The case that the actor holds; the one taken first when there are several."""
    if actor.user is None:
        return None
    mine: Case | None = waiting(actor).filter(holder=actor.user).order_by("claimed_at").first()
    return mine
