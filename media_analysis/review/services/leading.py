"""What a lead does with one case of somebody else's: move it to another queue, take it over, give
it to another person."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.actors import Actor, actor_for_user
from accounts.models import User
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require
from audit.subjects import keep
from audit.verbs import Verb
from jobs.timing import ClockTimestamp
from media_analysis.review.models import LEASE_SECONDS, Case, CaseState, PendingDecision, Queue
from media_analysis.review.search.claimable import AVAILABLE, for_this_person
from media_analysis.review.services import case_changes
from media_analysis.review.services.bulk import ASSIGNED_SECONDS, deciders


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
    free = Case.objects.filter(AVAILABLE, pk=case_id).exclude(queue=queue)
    due = Now() + timedelta(hours=queue.hours) if queue and queue.hours else F("due_at")
    moved = free.filter(due_at=None).update(queue=queue, due_at=due)
    if not moved and not free.update(queue=queue):
        raise Refusal("case_not_moved")
    case.refresh_from_db()
    case_changes.record_event(
        case, actor, Verb.CASE_MOVED, queue=queue.name if queue else "",
        commitments={"grounds": keep(case.submission_id, "grounds", why.strip()[:500])},
    )  # fmt: skip


def take_over(actor: Actor, case_id: UUID, why: str) -> Case:
    """For oneself."""
    assert actor.user is not None
    return reassign(actor, case_id, actor.user, why)


@transaction.atomic
def reassign(actor: Actor, case_id: UUID, person: User, why: str) -> Case:
    """From whoever holds it now to this person, with a reason. What the holder has typed stays
    their draft; their open page says that the case is not theirs any more."""
    case: Case = Case.objects.for_actor(actor).select_related("submission").get(pk=case_id)
    require(actor, Permission.MANAGE_QUEUES, case.team_id)
    is_own = person == actor.user
    if not why.strip():
        raise Refusal("takeover_reason_missing" if is_own else "reassign_reason_missing")
    if person not in deciders(case.team_id):
        raise Refusal("person_does_not_decide")
    whose = actor if is_own else actor_for_user(person, via="assignment")
    if not Case.objects.filter(for_this_person(whose), pk=case_id).exists():
        raise Refusal("case_for_somebody_else" if is_own else "case_not_for_that_person")
    pending = PendingDecision.objects.filter(case=case_id).values("case")
    held = Case.objects.filter(
        pk=case_id, state=CaseState.CLAIMED, lease_until__gte=ClockTimestamp()
    )
    others = held.exclude(holder=person).exclude(pk__in=pending)
    seconds = LEASE_SECONDS if is_own else ASSIGNED_SECONDS
    if not others.update(**case_changes.held_by(person, seconds)):
        raise Refusal("case_not_held")
    was = case.holder_id
    case.refresh_from_db()
    case_changes.record_event(
        case, actor, Verb.CASE_ASSIGNED, to=str(person.pk), fence=case.fence,
        taken_from=str(was or ""),
        commitments={"grounds": keep(case.submission_id, "grounds", why.strip()[:500])},
    )  # fmt: skip
    return case
