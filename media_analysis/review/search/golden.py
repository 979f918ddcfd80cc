"""Which golden cases somebody may be shown, and how people answered them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from accounts.actors import Actor
from accounts.models import User
from media_analysis.review.golden_models import GoldenCase, GoldenPlacement
from media_analysis.review.measures import Measure, Weights, share
from media_analysis.review.models import Case

LISTED = 50


def not_for(actor: Actor) -> Q:
    """Copies of what this person marked, decided or answered before, and those in their name."""
    known = (
        Q(golden__marked_by=actor.user)
        | Q(golden__placements__person=actor.user)
        | Q(golden__submission__case__decisions__decided_by=actor.user)
        | Q(submission__submitted_by=actor.user)
    )
    waiting = GoldenPlacement.objects.filter(known, answered_at=None)
    return Q(submission__in=waiting.order_by().values("submission"))


def planted() -> QuerySet[Any]:
    """The submissions that are copies of golden cases."""
    return GoldenPlacement.objects.order_by().values("submission")


def of_case(case: Case) -> GoldenPlacement | None:
    if not case.submission.planted:
        return None
    found = GoldenPlacement.objects.filter(submission=case.submission_id)
    return found.select_related("golden").first()


def answers_of(person: User) -> list[GoldenPlacement]:
    """The newest answers of this person."""
    mine = GoldenPlacement.objects.filter(person=person)
    return list(mine.select_related("golden", "submission__case")[:LISTED])


def own(person: User) -> Measure:
    mine = GoldenPlacement.objects.filter(person=person)
    return _right(mine.filter(outcome=F("golden__outcome")).count(), mine.count())


def by_person(teams: Collection[UUID]) -> list[tuple[str, Measure]]:
    """How often each person was right; the first line is of all."""
    answered = GoldenPlacement.objects.filter(golden__team__in=teams, person__isnull=False)
    rows = answered.order_by().values("person__name", "person__email").annotate(
        n=Count("pk"), right=Count("pk", filter=Q(outcome=F("golden__outcome")))
    )  # fmt: skip
    people: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        line = people[row["person__name"] or row["person__email"]]
        line[0], line[1] = line[0] + row["right"], line[1] + row["n"]
    lines = [(name, _right(*line)) for name, line in sorted(people.items())]
    return [("", _sum(people.values())), *lines] if lines else []


def _sum(lines: Iterable[list[int]]) -> Measure:
    rights, numbers = zip(*lines, strict=True)
    return _right(sum(rights), sum(numbers))


def _right(right: int, n: int) -> Measure:
    return share(Weights(right, right, right), Weights(n, n, n))


def listed(team_id: UUID) -> list[GoldenCase]:
    """With how many people answered, and how many rightly."""
    answered = Q(placements__answered_at__isnull=False)
    right = answered & Q(placements__outcome=F("outcome"))
    found = GoldenCase.objects.filter(team=team_id, is_active=True).annotate(
        n=Count("placements", filter=answered), right=Count("placements", filter=right)
    )
    return list(found.select_related("submission", "marked_by")[:LISTED])
