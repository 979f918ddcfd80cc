"""Notes each ending, in the very transaction that ends the analysis: figures never drift."""

from __future__ import annotations

from media_analysis.dashboard.models import Ending, How
from media_analysis.submissions.models import Submission
from ml.engine.contract import Outcome, Result
from ml.models import Analysis


def after_analysis(analysis: Analysis, result: Result) -> None:
    rejected = result.verdict.outcome is Outcome.REJECTED
    _note(analysis, How.REJECTED if rejected else How.VERDICT)


def after_parking(analysis: Analysis) -> None:
    _note(analysis, How.SET_ASIDE)


def _note(analysis: Analysis, how: How) -> None:
    sent = Submission.objects.filter(pk=analysis.chain, team__live_team__isnull=True, planted=False)
    team_id = sent.values_list("team_id", flat=True).first()
    if team_id is None:  # nobody submitted it, as from the shell; or a test key did
        return
    ended_at = analysis.finished_at
    if ended_at is None:
        return
    Ending.objects.create(
        team_id=team_id,
        ended_at=ended_at,
        how=how,
        code="" if how is How.VERDICT else analysis.reason_code,
        seconds=max((ended_at - analysis.created_at).total_seconds(), 0.0),
        waited=_waited(analysis),
    )


def _waited(analysis: Analysis) -> float | None:
    if analysis.started_at is None:
        return None
    return max((analysis.started_at - analysis.created_at).total_seconds(), 0.0)
