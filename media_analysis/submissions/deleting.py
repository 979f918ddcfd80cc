"""The verbs of wanting something gone: ask for it, take the wish back.

Nothing is erased here and nothing silently: the request is on record and is shown to everybody who
sees the submission, until a person with the right to erase has decided.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.roles import Permission
from audit.services import record
from audit.subjects import keep
from audit.verbs import Verb
from media_analysis.submissions.models import DeletionRequest, Submission
from media_analysis.submissions.ownership import require_may

WISH = "ask for the deletion of this media"


@transaction.atomic
def ask(actor: Actor, submission: Submission, reason: str = "") -> DeletionRequest:
    """Asking twice is asking once."""
    require_may(actor, Permission.REQUEST_DELETION, submission, WISH)
    Submission.objects.select_for_update().get(pk=submission.pk)
    reason = reason.strip()[:500]
    asked, new = DeletionRequest.objects.get_or_create(
        submission=submission,
        withdrawn_at=None,
        defaults={"asked_by": f"{actor.who.kind}:{actor.who.id}", "reason": reason},
    )
    if new:
        promise = {"deletion_reason": keep(submission.pk, "deletion_reason", reason)}
        _told(actor, asked, Verb.SUBMISSION_DELETION_REQUESTED, promise if reason else {})
    return asked


@transaction.atomic
def withdraw(actor: Actor, submission: Submission) -> bool:
    """Whoever may ask may take it back. False when there was nothing to take back."""
    require_may(actor, Permission.REQUEST_DELETION, submission, WISH)
    Submission.objects.select_for_update().get(pk=submission.pk)
    asked = DeletionRequest.objects.filter(submission=submission, withdrawn_at=None).first()
    if asked is None:
        return False
    DeletionRequest.objects.filter(pk=asked.pk).update(withdrawn_at=Now())
    _told(actor, asked, Verb.SUBMISSION_DELETION_WITHDRAWN, {})
    return True


def _told(actor: Actor, asked: DeletionRequest, verb: Verb, commitments: dict[str, str]) -> None:
    submission = asked.submission
    record(
        chain=submission.pk,
        verb=verb,
        who=actor.who_in(submission.team_id),
        object_type="submission",
        object_id=submission.pk,
        object_sha256=submission.blob_id,
        data={"commitments": commitments} if commitments else {},
        rows=[asked],
    )
