"""Other analyses of a submission than the one in force: earlier ones, and those of a backfill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jobs.models import State
from media_analysis.submissions.models import Submission
from ml.models import Analysis

MOST = 20


@dataclass(frozen=True)
class Further:
    finished_at: datetime | None
    engine_version: str
    outcome: str | None
    is_later: bool
    """It was made after the one in force, and has not replaced it."""


def analyses(submission: Submission) -> list[Further]:
    """With a verdict, the newest first."""
    displayed = submission.analysis
    others = Analysis.objects.filter(chain=submission.pk, state=State.DONE).exclude(pk=displayed.pk)
    rows = others.only("finished_at", "engine_version", "outcome", "state", "created_at")
    return [
        Further(
            row.finished_at, row.engine_version, row.displayed_outcome,
            row.created_at > displayed.created_at,
        )
        for row in rows.order_by("-created_at")[:MOST]
    ]  # fmt: skip
