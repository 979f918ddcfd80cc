"""The verbs of deletion requests: request, withdraw, answer.

The request and its answer are recorded and shown to everybody who sees the submission. An accepted
request orders the erasure (`erasing`). Until that is due, the request can be withdrawn.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from audit.subjects import keep
from audit.verbs import Verb
from media_analysis.submissions import hooks
from media_analysis.submissions.models import DeletionAnswer, DeletionRequest, Hold, Submission
from media_analysis.submissions.ownership import require_may
from media_analysis.submissions.services import erasing
from media_analysis.submissions.services.events import record_event


@transaction.atomic
def ask(actor: Actor, submission: Submission, reason: str = "") -> DeletionRequest:
    """Asking twice is asking once."""
    require_may(actor, Permission.REQUEST_DELETION, submission)
    Submission.objects.select_for_update().get(pk=submission.pk)
    reason = reason.strip()[:500]
    standing = DeletionRequest.objects.open().filter(submission=submission).first()
    if standing:
        return standing
    request = DeletionRequest.objects.create(
        submission=submission, asked_by=actor.who.ref, reason=reason
    )
    promise = {"deletion_reason": keep(submission.pk, "deletion_reason", reason)} if reason else {}
    _record_event(actor, request, Verb.SUBMISSION_DELETION_REQUESTED, promise)
    return request


@transaction.atomic
def withdraw(actor: Actor, submission: Submission) -> bool:
    """Whoever may ask may take it back, also after it was accepted. False when none stands."""
    require_may(actor, Permission.REQUEST_DELETION, submission)
    Submission.objects.select_for_update().get(pk=submission.pk)
    request = DeletionRequest.objects.open().filter(submission=submission).first()
    if request is None:
        return False
    erasing.call_off(submission, actor.who_in(submission.team_id))
    DeletionRequest.objects.filter(pk=request.pk).update(withdrawn_at=Now())
    _record_event(actor, request, Verb.SUBMISSION_DELETION_WITHDRAWN, {})
    return True


@transaction.atomic
def answer(actor: Actor, submission: Submission, answer: str, reason: str) -> DeletionRequest:
    """An admin's answer to the request that waits: final, with its reason and its event."""
    if not actor.can(Permission.ANSWER_DELETION_REQUESTS, submission.team_id):
        raise Refusal("not_allowed", permission=str(Permission.ANSWER_DELETION_REQUESTS))
    if answer not in DeletionAnswer.values:
        raise Refusal("deletion_answer_unknown")
    if not (reason := reason.replace("\0", "").strip()[:500]):
        raise Refusal("deletion_reason_missing")
    Submission.objects.select_for_update().get(pk=submission.pk)
    accepted = answer == DeletionAnswer.ACCEPTED
    if accepted and Hold.objects.in_force().filter(submission=submission).exists():
        raise Refusal("submission_held")
    waiting = DeletionRequest.objects.waiting().filter(submission=submission)
    request = waiting.select_for_update().first()
    if request is None or not waiting.update(
        answer=answer, answered_by=actor.who.ref, answered_at=Now(), answer_reason=reason
    ):
        raise Refusal("deletion_settled")
    promise = {"deletion_answer": keep(submission.pk, "deletion_answer", reason)}
    verbs = {
        DeletionAnswer.ACCEPTED: Verb.SUBMISSION_DELETION_ACCEPTED,
        DeletionAnswer.DECLINED: Verb.SUBMISSION_DELETION_DECLINED,
    }
    request.refresh_from_db()
    _record_event(actor, request, verbs[DeletionAnswer(answer)], promise)
    if accepted and erasing.ordered_for(submission) is None:
        erasing.order(submission, actor.who_in(submission.team_id), "request")
    return request


MOST_ANSWERED = 50
MOST_WAITING = 200


def listed(actor: Actor) -> tuple[list[DeletionRequest], list[DeletionRequest]]:
    """Those that wait, the oldest first, and the newest of the others; in the actor's teams."""
    mine = DeletionRequest.objects.for_actor(actor).select_related("submission__team")
    waiting = mine.waiting().order_by("asked_at", "pk")[:MOST_WAITING]
    ended = mine.exclude(withdrawn_at__isnull=True, answer="").order_by("-asked_at", "-pk")
    return list(waiting), list(ended[:MOST_ANSWERED])


def waiting_for(actor: Actor) -> int:
    """How many wait for this actor's answer."""
    mine = DeletionRequest.objects.for_actor(actor, Permission.ANSWER_DELETION_REQUESTS)
    return mine.waiting().count()


def _record_event(
    actor: Actor, request: DeletionRequest, verb: Verb, commitments: dict[str, str]
) -> None:
    data = {"commitments": commitments} if commitments else {}
    record_event(request.submission, actor, verb, data=data, rows=[request])
    for hook in hooks.deletion_changed:
        hook(request, verb)
