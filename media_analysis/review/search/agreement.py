"""How far two people who decided the same case agree, without knowing of each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from accounts.models import User
from media_analysis.review.measures import Measure, Weights, kappa, share
from media_analysis.review.opinion_models import Opinion
from ml import media_kinds

DAYS = 90


@dataclass(frozen=True)
class Pair:
    team: str
    policy: str
    kind: str
    first: str
    second: str


@dataclass(frozen=True)
class Agreement:
    name: str
    kappa: Measure
    same: Measure
    """The plain share of equal outcomes."""


def pairs(teams: Collection[UUID]) -> list[Pair]:
    """The outcomes of the last days before adjudication, including adjudicated and disputed
    cases."""
    rows = _both(Opinion.objects.filter(review__team__in=teams))
    return [
        Pair(
            row["review__team__name"],
            row["policy__name"] or "",
            row["kind"],
            row["outcome"],
            row["other"],
        )
        for row in rows
    ]


def _both(opinions: QuerySet[Any]) -> list[dict[str, Any]]:
    """First opinions with the outcome of the second, where there is one."""
    second = Opinion.objects.filter(review=OuterRef("review"), place=2).values("outcome")[:1]
    recent = opinions.filter(place=1, review__opened_at__gte=Now() - timedelta(days=DAYS))
    kind = media_kinds.at("review__case__submission__analysis")
    both = recent.annotate(other=Subquery(second), kind=kind).filter(other__isnull=False)
    fields = ("review__team__name", "policy__name", "outcome", "other", "kind")
    return [dict(row) for row in both.values(*fields)]


def by(found: Iterable[Pair], name: Callable[[Pair], str]) -> list[Agreement]:
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for pair in found:
        groups[name(pair)].append((pair.first, pair.second))
    return [_agreement(name, answers) for name, answers in sorted(groups.items())]


def _agreement(name: str, answers: list[tuple[str, str]]) -> Agreement:
    same, n = sum(a == b for a, b in answers), len(answers)
    return Agreement(name, kappa(answers), share(Weights(same, same, same), Weights(n, n, n)))


def own(person: User) -> Measure:
    """How often the other person said the same as this one, in the last days."""
    mine = Opinion.objects.filter(
        person=person, review__opened_at__gte=Now() - timedelta(days=DAYS)
    )
    other = Opinion.objects.filter(review=OuterRef("review")).exclude(person=person)
    rows = mine.annotate(other=Subquery(other.values("outcome")[:1])).exclude(other=None)
    closed = rows.exclude(review__closed_at=None).values_list("outcome", "other")
    answers = list(closed)
    same = sum(a == b for a, b in answers)
    return share(Weights(same, same, same), Weights(len(answers), len(answers), len(answers)))
