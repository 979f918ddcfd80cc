"""Submissions whose case is under blind double review: the second person must not learn what the
first decided, so actions in review are not shown until both have decided."""

from __future__ import annotations

from accounts.actors import Actor
from accounts.roles import Permission
from media_analysis.submissions.models import Submission

OPEN = {"case__double_reviews__isnull": False, "case__double_reviews__closed_at": None}


def is_blind(submission: Submission, actor: Actor) -> bool:
    """A lead who adjudicates sees everything."""
    found = Submission.objects.filter(pk=submission.pk, **OPEN)
    if actor.can(Permission.MANAGE_QUEUES, submission.team_id):
        found = found.exclude(case__double_reviews__stage="disputed")
    return found.exists()
