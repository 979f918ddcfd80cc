"""Which cases can be claimed, and which of them by a certain person."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from accounts.actors import Actor
from accounts.models import Membership
from accounts.roles import Permission
from jobs.timing import ClockTimestamp
from media_analysis.review.models import CaseState, Decision, DistressFlag, PendingDecision
from media_analysis.review.search import appeals, double_reviews, golden, queue

EXPIRED = Q(state=CaseState.CLAIMED, lease_until__lt=ClockTimestamp())
PENDING = Q(Exists(PendingDecision.objects.filter(case=OuterRef("pk"))))
AVAILABLE = (Q(state=CaseState.OPEN) | EXPIRED) & ~PENDING


def for_this_person(actor: Actor) -> Q:
    """Not what is in a queue for others; not what waits for a lead, unless the actor leads there;
    not what the actor passed on; not what the actor gave an opinion on that waits for somebody
    else; not what the actor appealed; and of what was opened again, not what the actor decided
    before, unless nobody else in the team decides."""
    alone = Q(team_id__in=Membership.objects.teams_without_another(actor, Permission.DECIDE_CASES))
    leads = Q(asked_at__isnull=True) | Q(team_id__in=actor.team_ids(Permission.MANAGE_QUEUES))
    before = Exists(Decision.objects.filter(case=OuterRef("pk"), decided_by=actor.user))
    flagged = Exists(DistressFlag.objects.filter(case=OuterRef("pk"), person=actor.user))
    return (
        queue.open_to(actor)
        & leads
        & ~Q(flagged)
        & ~double_reviews.not_for(actor)
        & ~golden.not_for(actor)
        & (~(Q(before) | appeals.shared(actor)) | alone | appeals.stuck())
        & (~appeals.made_by(actor) | alone)
    )
