"""Which appealed cases somebody may decide, and how many appeals there were."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import CharField, Count, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat, Now

from accounts.actors import Actor
from accounts.models import Membership
from accounts.prepared import Prepared
from accounts.roles import Permission
from media_analysis.review.appeal_models import Appeal, AppealOutcome
from media_analysis.review.measures import Measure, Weights, share
from media_analysis.review.models import Case, Decision, DistressFlag, Opinion

SPANS = (30, 90)
"""Days of which the figures tell."""


def made_by(actor: Actor) -> Q:
    """Cases whose open appeal is of this person."""
    mine = Appeal.objects.open().filter(made_by=actor.who.ref)
    return Q(Exists(mine.filter(case=OuterRef("pk"))))


def shared(actor: Actor) -> Q:
    """Appealed cases of which this person was one of two who agreed or disagreed."""
    appealed = Appeal.objects.open().filter(case=OuterRef("pk"))
    gave = Opinion.objects.filter(review__case=OuterRef("pk"), person=actor.user)
    return Q(Exists(appealed)) & Q(Exists(gave))


def stuck() -> Q:
    """Appealed cases that nobody in the team can decide who did not decide them before, appeal, or
    pass them on. Then the earlier people may decide again."""
    user = OuterRef("user")
    case = OuterRef(OuterRef("case"))
    members = Membership.objects.who_may(Permission.DECIDE_CASES).filter(team=OuterRef("team"))
    named = Concat(Value("user:"), Cast("user_id", CharField()))
    fresh = members.annotate(named=named).filter(
        ~Q(named=OuterRef("made_by")),
        ~Exists(Decision.objects.filter(case=case, decided_by=user)),
        ~Exists(Opinion.objects.filter(review__case=case, person=user)),
        ~Exists(DistressFlag.objects.filter(case=case, person=user)),
    )
    appealed = Appeal.objects.open().filter(~Exists(fresh), case=OuterRef("pk"))
    return Q(Exists(appealed))


def of_case(case: Case) -> Appeal | None:
    """The one that is open."""
    found: Appeal | None = (
        Appeal.objects.open().filter(case=case).select_related("decision").first()
    )
    return found


_NEWEST = Prepared(lambda _, submission: Appeal.objects.filter(case__submission=submission)[:1])


def newest_alone(submission_id: UUID) -> Appeal | None:
    """The same, without its decisions and its case."""
    found: list[Appeal] = _NEWEST(None, submission=submission_id)
    return found[0] if found else None


def newest(submission_id: UUID) -> Appeal | None:
    """The newest about this submission, however it ended."""
    found = Appeal.objects.filter(case__submission=submission_id)
    newest: Appeal | None = found.select_related("decision", "answer", "case").first()
    return newest


@dataclass(frozen=True)
class Figures:
    days: int
    made: int
    withdrawn: int
    open: int
    changed: Measure
    """The share of answered appeals that changed the decision."""


def figures(teams: Collection[UUID]) -> list[Figures]:
    """Figures of the appeals made within each number of days."""
    return [_of(teams, days) for days in SPANS]


def _of(teams: Collection[UUID], days: int) -> Figures:
    made = Appeal.objects.filter(team__in=teams, made_at__gte=Now() - timedelta(days=days))
    n: dict[str, int] = made.order_by().aggregate(
        made=Count("pk"),
        withdrawn=Count("pk", filter=Q(withdrawn_at__isnull=False)),
        answered=Count("pk", filter=Q(answered_at__isnull=False)),
        changed=Count("pk", filter=Q(outcome=AppealOutcome.CHANGED)),
    )
    changed, answered = n["changed"], n["answered"]
    return Figures(
        days,
        n["made"],
        n["withdrawn"],
        n["made"] - n["withdrawn"] - answered,
        share(Weights(changed, changed, changed), Weights(answered, answered, answered)),
    )
