"""What a lead does with one case of somebody else's: move it to another queue, take it over."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require
from audit.subjects import keep
from audit.verbs import Verb
from jobs.timing import ClockTimestamp
from media_analysis.review.models import LEASE_SECONDS, Case, CaseState, PendingDecision, Queue
from media_analysis.review.services import cases


@transaction.atomic
def move(actor: Actor, case_id: UUID, queue: Queue | None, why: str) -> None:
    """A case that nobody holds, with a reason. It keeps the time at which it is due; without one,
    it gets that of its new queue."""
    case = Case.objects.for_actor(actor).select_related("submission").get(pk=case_id)
    require(actor, Permission.MANAGE_QUEUES, case.team_id)
    if not why.strip():
        raise Refusal("move_reason_missing")
    if queue is not None and queue.team_id != case.team_id:
        raise Refusal("queue_unknown")
    free = Case.objects.filter(cases.AVAILABLE, pk=case_id).exclude(queue=queue)
    due = Now() + timedelta(hours=queue.hours) if queue and queue.hours else F("due_at")
    moved = free.filter(due_at=None).update(queue=queue, due_at=due)
    if not moved and not free.update(queue=queue):
        raise Refusal("case_not_moved")
    case.refresh_from_db()
    cases.event(
        case, actor, Verb.CASE_MOVED, queue=queue.name if queue else "",
        commitments={"grounds": keep(case.submission_id, "grounds", why.strip()[:500])},
    )  # fmt: skip


@transaction.atomic
def take_over(actor: Actor, case_id: UUID, why: str) -> Case:
    """From whoever holds it now, with a reason. What they have typed stays their draft; their open
    page says that the case is not theirs any more."""
    case: Case = Case.objects.for_actor(actor).select_related("submission").get(pk=case_id)
    require(actor, Permission.MANAGE_QUEUES, case.team_id)
    require(actor, Permission.DECIDE_CASES, case.team_id)
    if not why.strip():
        raise Refusal("takeover_reason_missing")
    assert actor.user is not None
    if not Case.objects.filter(cases.for_this_person(actor), pk=case_id).exists():
        raise Refusal("case_for_somebody_else")
    pending = PendingDecision.objects.filter(case=case_id).values("case")
    held = Case.objects.filter(
        pk=case_id, state=CaseState.CLAIMED, lease_until__gte=ClockTimestamp()
    )
    others = held.exclude(holder=actor.user).exclude(pk__in=pending)
    if not others.update(**cases.held_by(actor.user, LEASE_SECONDS)):
        raise Refusal("case_not_held")
    was = case.holder_id
    case.refresh_from_db()
    cases.event(
        case, actor, Verb.CASE_ASSIGNED, to=str(actor.user.pk), fence=case.fence,
        taken_from=str(was or ""),
        commitments={"grounds": keep(case.submission_id, "grounds", why.strip()[:500])},
    )  # fmt: skip
    return case
