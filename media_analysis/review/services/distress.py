"""A case that is too much for a person is taken away without blame, and not offered to them again.

The record says that the case was released, as it does of every release, and no reason.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Now, TruncDay

from accounts.actors import Actor
from accounts.models import Membership, Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.review.models import Case, CaseState, DistressFlag
from media_analysis.review.opinion_models import DoubleReview, Stage
from media_analysis.review.services import cases

DAYS = 30


@transaction.atomic
def pass_on(actor: Actor, case_id: UUID, fence: int) -> None:
    """Back to the queue, for anybody but this person."""
    cases.release(actor, case_id, fence)
    DistressFlag.objects.get_or_create(case_id=case_id, person=actor.user)


def take_back(actor: Actor, case_id: UUID) -> None:
    """The person wants to be offered the case again."""
    if not DistressFlag.objects.filter(case=case_id, person=actor.user).delete()[0]:
        raise Refusal("case_not_passed_on")


def passed_on(actor: Actor, case: Case) -> bool:
    return DistressFlag.objects.filter(case=case, person=actor.user).exists()


def count(team: Team, fewest: int) -> int | None:
    """For a lead: how often, over completed days, but never who or which case. None if fewer people
    did it, because that would reveal something about one of them."""
    first, last = TruncDay(Now() - timedelta(days=DAYS)), TruncDay(Now())
    flags = DistressFlag.objects.filter(
        case__team=team, created_at__gte=first, created_at__lt=last
    ).aggregate(often=Count("pk"), people=Count("person", distinct=True))
    return flags["often"] if flags["people"] >= fewest else None


def for_nobody(team: Team) -> list[Case]:
    """Waiting cases that can be offered to nobody in the team any more."""
    people = Membership.objects.who_may(Permission.DECIDE_CASES).filter(team=team)
    by_them = Count("flags", distinct=True, filter=Q(flags__person__in=people.values("user")))
    gave = Count(
        "double_reviews__opinions",
        distinct=True,
        filter=Q(
            double_reviews__stage=Stage.SECOND,
            double_reviews__opinions__person__in=people.values("user"),
        ),
    )
    flagged = DistressFlag.objects.filter(case__team=team).values("case")
    second = DoubleReview.objects.filter(team=team, stage=Stage.SECOND).values("case")
    some = Case.objects.filter(Q(pk__in=flagged) | Q(pk__in=second))
    waiting = some.exclude(state=CaseState.DECIDED).annotate(by_them=by_them, gave=gave)
    found = waiting.filter(gave__gte=max(people.count(), 1) - F("by_them"))
    return list(found.select_related("submission")[:50])
