"""The verbs of the dashboard: try again what was set aside; forget old figures."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now

import ml.services
from accounts.actors import Actor
from accounts.roles import Permission
from jobs.models import State
from media_analysis.dashboard.models import Ending
from media_analysis.previews.models import Preview
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import films

KEPT = timedelta(days=400)


def retry(actor: Actor, submission_id: UUID) -> bool:
    """From the first attempt, with its event. False when it was not set aside any more."""
    mine = Submission.objects.for_actor(actor, Permission.RETRY_ANALYSES).get(pk=submission_id)
    return ml.services.retry_parked(mine.analysis_id, actor.who_in(mine.team_id))


def retry_copy(actor: Actor, submission_id: UUID) -> bool:
    """The same of the copy for the player, for all who sent these bytes."""
    mine = Submission.objects.for_actor(actor, Permission.RETRY_ANALYSES)
    submission = mine.select_related("blob").get(pk=submission_id)
    if not Preview.objects.filter(source=submission.blob, state=State.PARKED).exists():
        return False
    return films.ask(submission, actor.who_in(submission.team_id))


def forget_old() -> int:
    """A year and a month of figures are kept; a daily duty of the workers."""
    return Ending.objects.filter(ended_at__lt=Now() - KEPT).delete()[0]
