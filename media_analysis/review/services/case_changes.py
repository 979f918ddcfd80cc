"""What changes in the row of a case, and the event of a change: shared by the verbs of review."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from accounts.actors import Actor, who_in
from accounts.models import User
from accounts.roles import Permission
from audit.rows import Row
from audit.services import record
from audit.verbs import Verb
from audit.who import Who
from jobs.timing import ClockTimestamp, InSeconds
from media_analysis.review.models import Case, CaseState, suspicion_of
from ml.models import Analysis

CLAIM_LOST = "claim_lost"
"""The lease expired, or somebody else holds the case now."""
DECIDED = {
    "state": CaseState.DECIDED, "holder": None, "lease_until": None, "asked_at": None,
    "decided_at": ClockTimestamp(), "standing_fence": None,
}  # fmt: skip
"""What changes in a case that is decided."""


def held(actor: Actor, case_id: UUID, fence: int) -> Any:
    """The case, if this actor holds it with this very fence and the lease still runs."""
    return Case.objects.for_actor(actor, Permission.DECIDE_CASES).filter(
        pk=case_id,
        holder=actor.user,
        fence=fence,
        state=CaseState.CLAIMED,
        lease_until__gte=ClockTimestamp(),
    )


def held_by(person: User, seconds: float) -> dict[str, Any]:
    """What changes in a case that a person gets."""
    return {
        "state": CaseState.CLAIMED, "holder": person, "fence": F("fence") + 1,
        "claimed_at": ClockTimestamp(), "lease_until": InSeconds(seconds),
    }  # fmt: skip


def back_in_queue(case_id: UUID) -> dict[str, Any]:
    """What changes in a case that its holder gives away, at the place that is its own now."""
    return {
        "state": CaseState.OPEN, "holder": None, "lease_until": None, "claimed_at": None,
        "suspicion": suspicion_now(case_id),
    }  # fmt: skip


def waits_again(case_id: UUID) -> dict[str, Any]:
    """The changes of a decided case that is to be decided again."""
    return {
        "state": CaseState.OPEN, "decided_at": None, "claimed_at": None, "standing_fence": None,
        "suspicion": suspicion_now(case_id),
    }  # fmt: skip


def suspicion_now(case_id: UUID) -> float:
    """The values of the newest analysis, which can be later than the case."""
    newest = Analysis.objects.filter(submission__case=case_id)
    analysis = newest.only("outcome", "probability_manipulated").first()
    return suspicion_of(analysis) if analysis else 0.0


def spent(case: Case, written_at: datetime | None) -> float:
    """Seconds since the case was claimed."""
    ended = written_at or timezone.now()
    return max((ended - case.claimed_at) / timedelta(seconds=1), 0.0) if case.claimed_at else 0.0


def record_event(
    case: Case, by: Actor | Who, verb: Verb, *, why: str = "", rows: Sequence[Row] = (), **data: Any
) -> None:
    """In the chain of the case's submission."""
    record(
        chain=case.submission_id,
        verb=verb,
        who=who_in(case.team_id, by),
        object_type="case",
        object_id=case.pk,
        object_sha256=case.submission.blob_id,
        why=why,
        data=data,
        rows=[case, *rows],
    )
