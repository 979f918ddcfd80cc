"""Waiting cases in the order that their team chose, read from an index however many cases wait.

Each team is queried separately and the answers are merged, because only then does the index of a
team's waiting cases provide the order. Teams with the same order are merged by it. If a person's
teams have different orders, the teams take turns: the next case comes from the team from which
nobody has claimed a case for the longest time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction
from django.db.models import Count, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, UUIDField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.models import Team
from accounts.roles import Permission
from media_analysis.review.models import (
    Appeal,
    Case,
    CaseState,
    Decision,
    DistressFlag,
    PendingDecision,
    Queue,
    QueueOrder,
    RoutingRule,
    TeamOwned,
)
from media_analysis.review.opinion_models import DoubleReview, Stage
from media_analysis.review.search import double_reviews, golden
from ml.engine.contract import Outcome

OUTCOMES = {outcome.value for outcome in Outcome} | {"analysis_set_aside", "spot_check"}
FIELDS = {
    QueueOrder.OLDEST: ("opened_at", "id"),
    QueueOrder.NEWEST: ("-opened_at", "-id"),
    QueueOrder.PROBABLE: ("-suspicion", "opened_at", "id"),
    QueueOrder.DUE: ("due_at", "opened_at", "id"),  # PostgreSQL puts those without a time last
}
SHOWN = 100
COUNTED = 1000
"""Above this number the page says "more than": counting a million takes long and adds nothing."""


def waiting(actor: Actor, permission: Permission = Permission.VIEW_CASES) -> TeamOwned:
    """Without what was just decided and can still be undone, what this person passed on, and what
    this person gave an opinion on that waits for somebody else."""
    undecided = Case.objects.for_actor(actor, permission).exclude(state=CaseState.DECIDED)
    pending = PendingDecision.objects.filter(case=OuterRef("pk"))
    flagged = DistressFlag.objects.filter(case=OuterRef("pk"), person=actor.user)
    mine = undecided.filter(open_to(actor), ~Exists(pending), ~Exists(flagged))
    return mine.exclude(double_reviews.not_for(actor)).exclude(golden.not_for(actor))


def open_to(actor: Actor) -> Q:
    """Not the queues for certain people of whom this one is none. Leads see every queue."""
    return ~Q(queue__in=_for_others(actor))


def _for_others(actor: Actor) -> QuerySet[Any]:
    peopled = Queue.objects.for_actor(actor).filter(people__isnull=False)
    leading = Q(team__in=actor.team_ids(Permission.MANAGE_QUEUES))
    not_mine = peopled.exclude(people=actor.user) if actor.user else peopled
    others: QuerySet[Any] = not_mine.exclude(leading).order_by().values("pk")
    return others


def not_paused(actor: Actor) -> Q:
    paused = Queue.objects.for_actor(actor).filter(is_paused=True)
    return ~Q(queue__in=paused.order_by().values("pk"))


def orders(teams: Iterable[UUID]) -> dict[UUID, QueueOrder]:
    """How each of these teams works its queue."""
    found = dict.fromkeys(teams, QueueOrder.OLDEST)
    chosen = RoutingRule.objects.filter(team__in=found).values_list("team_id", "queue_order")
    return found | {team: QueueOrder(order) for team, order in chosen}


def first(
    actor: Actor,
    most: int,
    permission: Permission = Permission.VIEW_CASES,
    only: Q | None = None,
    queue: str = "",
) -> list[UUID]:
    """The ids of the cases of the actor's teams that come first: those appealed, then the others in
    their order. `queue` is one that an address names: only the team that it belongs to is asked
    then."""
    found = waiting(actor, permission).filter(only or Q(), in_queue(queue))
    wanted = orders(_teams_with(queue, actor, actor.team_ids(permission)))
    if not wanted:
        return []
    ahead = _appealed(found, wanted, most)
    others = _in_order(found, wanted, most)
    return [*ahead, *(pk for pk in others if pk not in ahead)][:most]


def _appealed(found: QuerySet[Any], teams: Iterable[UUID], most: int) -> list[UUID]:
    """Few by their nature, so they are looked up by themselves, the oldest appeal first."""
    appeals = Appeal.objects.open().filter(team__in=list(teams)).order_by("made_at", "id")
    cases = list(appeals.values_list("case", flat=True)[:most])
    mine = set(found.filter(pk__in=cases).values_list("pk", flat=True)) if cases else set()
    return [pk for pk in cases if pk in mine]


def _in_order(found: QuerySet[Any], wanted: Mapping[UUID, QueueOrder], most: int) -> list[UUID]:
    if len(set(wanted.values())) > 1:
        return _in_turn(found, wanted, most)
    fields = FIELDS[next(iter(wanted.values()))]
    if len(wanted) > 1:
        (each,) = _beginnings(found, wanted, most)
        found = Case.objects.filter(pk__in=each.values(one=_unnested("ids")))
    else:
        found = found.filter(team__in=wanted)
    return list(found.order_by(*fields).values_list("pk", flat=True)[:most])


def _beginnings(
    found: QuerySet[Any], wanted: Mapping[UUID, QueueOrder], most: int
) -> list[QuerySet[Any]]:
    """Teams with the first cases of each as `ids`: one query for each order that is in use. The
    database plans it once, and reads each team by the index of its order."""
    parts: list[QuerySet[Any]] = []
    for how in sorted(set(wanted.values())):
        lane = found.filter(team=OuterRef("pk")).order_by(*FIELDS[how]).values("pk")[:most]
        teams = Team.objects.filter(pk__in=[team for team, one in wanted.items() if one == how])
        parts.append(teams.order_by().annotate(ids=ArraySubquery(lane)))
    return parts


def _unnested(array: Any) -> Func:
    return Func(array, function="unnest", output_field=UUIDField())


def _in_turn(found: QuerySet[Any], wanted: Mapping[UUID, QueueOrder], most: int) -> list[UUID]:
    """The first of each team, then the second of each, and so on. Of each only its even share is
    fetched at first; more, where some teams have less than that."""
    teams = _longest_untouched(wanted)
    ids: list[UUID] = []
    for depth in (-(-most // len(teams)), most):
        parts = (part.values_list("pk", "ids") for part in _beginnings(found, wanted, depth))
        each = dict(_together(parts))
        turns = zip_longest(*(each.get(team, ()) for team in teams))
        ids = [pk for turn in turns for pk in turn if pk is not None]
        if len(ids) >= most or all(len(some) < depth for some in each.values()):
            break
    return ids[:most]


def _together(parts: Iterable[QuerySet[Any]]) -> QuerySet[Any]:
    """In one question; in no order."""
    first, *others = parts
    return first.union(*others, all=True) if others else first


def _longest_untouched(teams: Iterable[UUID]) -> list[UUID]:
    """The team from which nobody has taken a case for the longest time comes first."""
    taken = Case.objects.filter(team=OuterRef("pk"), claimed_at__isnull=False)
    last = Subquery(taken.order_by("-claimed_at").values("claimed_at")[:1])
    known = Team.objects.filter(pk__in=list(teams)).annotate(last_taken=last)
    return list(
        known.order_by(F("last_taken").asc(nulls_first=True), "pk").values_list("pk", flat=True)
    )


APPEAL = "appeal"
"""Why a case waits, in an address: its decision was appealed."""
KINDS = ("image", "video", "audio")


def narrowed(actor: Actor, wanted: Mapping[str, str]) -> Q:
    """What the filter bar asks for, but for the queue; what it does not know narrows nothing."""
    only = Q()
    if wanted.get("kind") in KINDS:
        only &= Q(submission__blob__media_type__startswith=f"{wanted['kind']}/")
    if wanted.get("late"):
        only &= Q(due_at__lt=Now())
    if wanted.get("because") == APPEAL:
        only &= Q(pk__in=Appeal.objects.open().order_by().values("case"))
    elif wanted.get("because") in OUTCOMES:
        only &= Q(opened_because=wanted["because"])
    if words := wanted.get("q", "").replace("\0", "").strip():
        only &= Q(submission__filename__icontains=words[:100])
    hands = wanted.get("hands")
    if hands == "free":
        only &= Q(holder=None)
    elif hands == "mine" and actor.user:
        only &= Q(holder=actor.user)
    elif hands == "held":
        only &= Q(holder__isnull=False)
    elif hands == "lead":
        only &= Q(asked_at__isnull=False)
    return only


GENERAL = "general"
"""The queue of what no rule sends elsewhere, in an address."""


def in_queue(value: str) -> Q:
    """The queue that an address names; anything else narrows nothing."""
    if value == GENERAL:
        return Q(queue=None)
    number = _number(value)
    return Q() if number is None else Q(queue=number)


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _teams_with(value: str, actor: Actor, teams: Collection[UUID]) -> Collection[UUID]:
    """The team of the queue in the address, or all teams if it names none of their queues. Without
    this the database would search the waiting cases of the other teams for the queue."""
    number = _number(value)
    if number is None:
        return teams
    named = Queue.objects.filter(pk=number, team__in=teams)
    return list(named.order_by().values_list("team_id", flat=True))


def queues(actor: Actor) -> list[Queue]:
    """Those of the actor's teams that are open to the actor, with their team."""
    mine = Queue.objects.for_actor(actor).exclude(pk__in=_for_others(actor))
    return list(mine.select_related("team").order_by("team__name", "name"))


def visible_cases(actor: Actor, wanted: Mapping[str, str] = MappingProxyType({})) -> list[Case]:
    """The beginning of the queue as the filter bar asks for it, with what the page says of each."""
    ids = first(actor, SHOWN, only=narrowed(actor, wanted), queue=wanted.get("queue", ""))
    related = (
        *("submission__analysis", "submission__blob", "submission__submitted_by"),
        *("submission__submitted_by_service", "team", "holder", "queue"),
    )
    found = waiting(actor).select_related(*related)
    heavy = ("submission__analysis__result", "submission__analysis__media")
    earlier = Decision.objects.filter(case=OuterRef("pk")).order_by("-fence")
    found = found.annotate(
        decided_before=Subquery(earlier.values("outcome")[:1]),
        appealed_at=Subquery(
            Appeal.objects.open().filter(case=OuterRef("pk")).values("made_at")[:1]
        ),
        is_disputed=Exists(DoubleReview.objects.filter(case=OuterRef("pk"), stage=Stage.DISPUTED)),
        seconds=KeyTextTransform("duration", "submission__analysis__media"),
    )
    cases: dict[UUID, Case] = found.defer(*heavy).in_bulk(ids)
    return [cases[pk] for pk in ids if pk in cases]


def of_same_file(
    actor: Actor, cases: Iterable[Case], permission: Permission = Permission.VIEW_CASES
) -> TeamOwned:
    """Waiting cases of the same files that this actor may see, including the given cases. Copies of
    golden cases are excluded, because they would be recognised by their original."""
    files = {case.submission.blob_id for case in cases}
    found = waiting(actor, permission)
    return found.filter(submission__blob__in=files, submission__planted=False)


def counts_of_same_file(actor: Actor, cases: Sequence[Case]) -> dict[tuple[UUID, str], int]:
    """How many wait in each team, by team and SHA-256."""
    same = of_same_file(actor, cases).order_by().values_list("team", "submission__blob")
    return {(team, file): n for team, file, n in same.annotate(n=Count("pk"))}


def count(actor: Actor) -> int:
    """How many wait; never more than `COUNTED` and one, which means "more"."""
    return waiting(actor).order_by()[: COUNTED + 1].count()


def overdue(actor: Actor) -> int:
    """How many should have been decided by now; never more than `COUNTED` and one.

    Team after team in the order that has an index. In no order the database would guess that these
    cases lie anywhere, and read the whole table where they lie at its end; it would rather sort all
    of a team, too, than follow the index for a thousand."""
    late = waiting(actor).filter(due_at__lt=Now())
    wanted = dict.fromkeys(actor.team_ids(Permission.VIEW_CASES), QueueOrder.DUE)
    most = COUNTED + 1
    if len(wanted) == 1:
        return late.order_by(*FIELDS[QueueOrder.DUE])[:most].count()
    found = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
        for teams in _beginnings(late, wanted, most):
            found += teams.values(one=_unnested("ids"))[:most].count()
        cursor.execute("SET LOCAL enable_sort = on")
    return found


def in_hands_of(actor: Actor) -> list[Case]:
    """Every case that the actor holds, the one taken first at the beginning."""
    if actor.user is None:
        return []
    mine = waiting(actor).filter(holder=actor.user).select_related("submission", "team")
    return list(mine.order_by("claimed_at")[:SHOWN])
