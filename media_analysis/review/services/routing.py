"""Which analyses want a person: decided in the very transaction that ends the analysis."""

from __future__ import annotations

from django.db.models.functions import Now

from audit.services import record
from audit.verbs import Verb
from audit.who import SYSTEM
from media_analysis.review.models import Case, CaseState, suspicion_of
from media_analysis.review.search import rule_match
from media_analysis.review.search.rule_match import Placed, Rules
from media_analysis.review.services import golden
from media_analysis.submissions.models import Submission
from ml.engine.contract import Outcome, Result
from ml.models import Analysis

SPOT_CHECK = "spot_check"


def after_analysis(analysis: Analysis, result: Result) -> None:
    _route(analysis, result.verdict.outcome.value, result.verdict.outcome.value)


def after_parking(analysis: Analysis) -> None:
    """Shown as inconclusive, so routed as inconclusive, and the case says why."""
    _route(analysis, Outcome.INCONCLUSIVE.value, "analysis_set_aside")


def _route(analysis: Analysis, outcome: str, because: str) -> None:
    submission = Submission.objects.filter(analysis=analysis).select_related("team").first()
    if submission is None or submission.team.is_test:
        return
    _moved_to_its_place(submission, analysis)
    if submission.planted:
        golden.open_case(submission, analysis, because)
        return
    placed = _placed(submission, outcome)
    if placed is None:
        return
    because = SPOT_CHECK if placed.is_sampled else because
    case, made = Case.objects.get_or_create(
        submission=submission,
        defaults={"team": submission.team, "opened_because": because,
                  "suspicion": suspicion_of(analysis), "sampled_with": placed.probability,
                  **_queued(placed)},
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
            data={"rule": placed.rule.name} if placed.rule else {},
            rows=[case],
        )
        golden.after_opening(case)


def _placed(submission: Submission, outcome: str) -> Placed | None:
    """By the verdict that ends now: the analysis is not written down as ended yet."""
    rules = Rules.of(submission.team_id)
    fits = rule_match.fits_of_one(submission, outcome, rules.ordered)
    return rule_match.place(rules, submission.pk, outcome, fits)


def _queued(placed: Placed) -> dict[str, object]:
    if placed.rule is None:
        return {}
    after = placed.due_after()
    return {
        "queue": placed.rule.queue,
        "routed_by": placed.rule.name,
        "due_at": None if after is None else Now() + after,
    }


def _moved_to_its_place(submission: Submission, analysis: Analysis) -> None:
    """A case that waits already follows the newer verdict. One that somebody is just taking is
    passed over, for they hold locks that we would wait for; given back, it finds its place."""
    waiting = Case.objects.filter(submission=submission).exclude(state=CaseState.DECIDED)
    free = waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)
    if mine := list(free):
        Case.objects.filter(pk__in=mine).update(suspicion=suspicion_of(analysis))
