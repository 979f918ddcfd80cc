"""Which analyses want a person: decided in the very transaction that ends the analysis."""

from __future__ import annotations

from audit.services import record
from audit.verbs import Verb
from audit.who import SYSTEM
from media_analysis.review.models import Case, CaseState, RoutingRule, suspicion_of
from media_analysis.review.services import opinions
from media_analysis.submissions.models import Submission
from ml.engine.contract import Outcome, Result
from ml.models import Analysis

SPOT_CHECK = "spot_check"
SPOT_CHECKED = tuple(one.value for one in Outcome if one is not Outcome.REJECTED)


def after_analysis(analysis: Analysis, result: Result) -> None:
    _route(analysis, result.verdict.outcome.value, result.verdict.outcome.value)


def after_parking(analysis: Analysis) -> None:
    """Shown as inconclusive, so routed as inconclusive, and the case says why."""
    _route(analysis, "inconclusive", "analysis_set_aside")


def _route(analysis: Analysis, outcome: str, because: str) -> None:
    submission = Submission.objects.filter(analysis=analysis).select_related("team").first()
    if submission is None or submission.team.is_test:
        return
    _moved_to_its_place(submission, analysis)
    share = _share(submission, outcome)
    if not opinions.drawn(f"spot {submission.pk}", share):
        return
    because = because if share == 1 else SPOT_CHECK
    case, made = Case.objects.get_or_create(
        submission=submission,
        defaults={"team": submission.team, "opened_because": because,
                  "suspicion": suspicion_of(analysis), "sampled_with": share},
    )  # fmt: skip
    if made:
        record(
            chain=submission.pk,
            verb=Verb.CASE_OPENED,
            who=SYSTEM,
            object_type="case",
            object_id=case.pk,
            object_sha256=submission.blob_id,
            why=because,
            rows=[case],
        )


def _moved_to_its_place(submission: Submission, analysis: Analysis) -> None:
    """A case that waits already follows the newer verdict. One that somebody is just taking is
    passed over, for they hold locks that we would wait for; given back, it finds its place."""
    waiting = Case.objects.filter(submission=submission).exclude(state=CaseState.DECIDED)
    free = waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)
    if mine := list(free):
        Case.objects.filter(pk__in=mine).update(suspicion=suspicion_of(analysis))


def _share(submission: Submission, outcome: str) -> float:
    """The probability with which a file of this outcome comes to review."""
    rule = RoutingRule.objects.filter(team=submission.team).first()
    if outcome in RoutingRule.DEFAULT_OUTCOMES if rule is None else rule.wants(outcome):
        return 1.0
    if rule is None or outcome not in SPOT_CHECKED:
        return 0.0
    return float(rule.spot_share)
