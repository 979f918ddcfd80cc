"""May this actor do this to this submission? The one question that every verb on one asks."""

from __future__ import annotations

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.submissions.models import Submission

READING = frozenset({Permission.VIEW_SUBMISSIONS, Permission.VIEW_MEDIA, Permission.VIEW_REPORTS})
"""A key may read all of its team, unless it reads only its own. It changes only what its own
partner sent."""


def may(actor: Actor, permission: Permission, submission: Submission) -> bool:
    if not actor.can(permission, submission.team_id):
        return False
    if actor.service is None or (permission in READING and not actor.reads_own_only):
        return True
    return submission.submitted_by_service_id == actor.service.pk


def require_may(actor: Actor, permission: Permission, submission: Submission) -> None:
    if not may(actor, permission, submission):
        if actor.can(permission, submission.team_id):
            raise Refusal("not_yours")
        raise Refusal("not_allowed", permission=str(permission))
