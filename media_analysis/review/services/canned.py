"""Canned decisions for submissions of test keys. A case is decided when it is opened, so it never
appears in a queue."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F

from audit.verbs import Verb
from audit.who import SYSTEM
from media_analysis.review import hooks
from media_analysis.review.models import Appeal, Case, CaseState, DecisionText
from media_analysis.review.services import case_changes, checking
from media_analysis.review.services.concluding import conclude
from media_analysis.submissions.models import Submission
from media_analysis.submissions.outcomes import DecisionOutcome

BECAUSE = "test_mode"


def decide(submission: Submission, outcomes: Sequence[DecisionOutcome], reason: str) -> None:
    """In the caller's transaction: one after the other, each but the first after a reopening."""
    assert submission.team.is_test
    for outcome in outcomes:
        case = _opened(submission)
        Case.objects.filter(pk=case.pk).update(fence=F("fence") + 1, **case_changes.DECIDED)
        case.refresh_from_db()
        words, basis = DecisionText(outcome, reason), checking.Checked(None, "", [], reason)
        conclude(case, SYSTEM, words, basis, by=None, taken_from=None, seconds=0.0)


def answer(appeal: Appeal, outcome: DecisionOutcome, reason: str) -> None:
    """In the caller's transaction."""
    assert appeal.team.is_test
    Case.objects.filter(pk=appeal.case_id).update(fence=F("fence") + 1, **case_changes.DECIDED)
    case = Case.objects.select_related("submission").get(pk=appeal.case_id)
    words, basis = DecisionText(outcome, reason), checking.Checked(None, "", [], reason)
    conclude(case, SYSTEM, words, basis, by=None, taken_from=None, seconds=0.0)


def _opened(submission: Submission) -> Case:
    known = Case.objects.filter(submission=submission)
    if not known.update(state=CaseState.OPEN, decided_at=None, standing_fence=None):
        case: Case = Case.objects.create(
            team=submission.team, submission=submission, opened_because=BECAUSE
        )
        case_changes.record_event(case, SYSTEM, Verb.CASE_OPENED, why=BECAUSE)
        return case
    case = known.select_related("submission").get()
    case_changes.record_event(case, SYSTEM, Verb.CASE_REOPENED, why=BECAUSE)
    for hook in hooks.reopened:
        hook(case)
    return case
