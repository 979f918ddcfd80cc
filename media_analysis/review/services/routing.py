"""Which analyses want a person: decided in the very transaction that ends the analysis."""

from __future__ import annotations

from audit.services import record
from audit.verbs import Verb
from audit.who import SYSTEM
from media_analysis.review.models import Case, CaseState, RoutingRule, suspicion_of
from media_analysis.submissions.models import Submission
from ml.engine.contract import Result
from ml.models import Analysis


def after_analysis(analysis: Analysis, result: Result) -> None:
    _route(analysis, result.verdict.outcome.value, result.verdict.outcome.value)


def after_parking(analysis: Analysis) -> None:
    """Shown as inconclusive, so routed as inconclusive, and the case says why."""
    _route(analysis, "inconclusive", "analysis_set_aside")


def _route(analysis: Analysis, outcome: str, because: str) -> None:
    submission = Submission.objects.filter(analysis=analysis).select_related("team").first()
    if submission is None:
        return
    _moved_to_its_place(submission, analysis)
    if not _wants_a_person(submission, outcome):
        return
    case, made = Case.objects.get_or_create(
        submission=submission,
        defaults={"team": submission.team, "opened_because": because,
                  "suspicion": suspicion_of(analysis)},
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


def _wants_a_person(submission: Submission, outcome: str) -> bool:
    rule = RoutingRule.objects.filter(team=submission.team).first()
    return outcome in RoutingRule.DEFAULT_OUTCOMES if rule is None else rule.wants(outcome)
