"""The double review of a case: who takes part in it, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts.actors import Actor
from accounts.models import Membership
from accounts.roles import Permission
from media_analysis.review.models import Case
from media_analysis.review.opinion_models import DoubleReview, Opinion, Stage


def not_for(actor: Actor) -> Q:
    """Cases in whose double review this person already takes part. A lead who is the only one to
    adjudicate may do so all the same."""
    mine = Opinion.objects.filter(
        review__case=OuterRef("pk"), review__closed_at=None, person=actor.user
    )
    alone = Membership.objects.teams_without_another(actor, Permission.MANAGE_QUEUES)
    return Q(Exists(mine)) & ~Q(asked_at__isnull=False, team_id__in=alone)


def disputed(case: Case) -> Sequence[Opinion]:
    """Both opinions about a case that waits for adjudication; empty when it does not."""
    open_ones = Opinion.objects.filter(
        review__case=case, review__closed_at=None, review__stage=Stage.DISPUTED
    )
    return list(open_ones.select_related("person", "policy"))


def is_disputed(case_id: UUID) -> bool:
    return DoubleReview.objects.filter(case=case_id, stage=Stage.DISPUTED).exists()


def gave_first(actor: Actor, case: Case) -> bool:
    """This person gave the first opinion, and a second one is awaited."""
    mine = Opinion.objects.filter(review__case=case, person=actor.user)
    return mine.filter(review__stage=Stage.SECOND).exists()
