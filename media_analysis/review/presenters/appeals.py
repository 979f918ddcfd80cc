"""Appeals as pages and partners read them. Their text is for the team and for whoever wrote it: no
shape for partners holds it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from accounts.actors import Actor
from media_analysis.review.appeal_models import LONGEST
from media_analysis.review.models import Appeal, Case, Decision
from media_analysis.review.presenters import decisions
from media_analysis.review.search import appeals as search
from media_analysis.review.services import appeals
from media_analysis.submissions.models import Submission
from media_analysis.submissions.presenters.deletion_rows import people_named


def shape(appeal: Appeal) -> dict[str, Any]:
    """The fields of an appeal, wherever a partner meets it."""
    return {
        "id": str(appeal.pk),
        "state": str(appeal.state),
        "at": decisions.moment(appeal.made_at),
        "withdrawn_at": decisions.moment(appeal.withdrawn_at),
        "answered_at": decisions.moment(appeal.answered_at),
        "outcome": appeal.outcome or None,
        "decision": str(appeal.decision_id),
        "answer": str(appeal.answer_id) if appeal.answer_id else None,
    }


def for_partner(submission_id: UUID) -> dict[str, Any] | None:
    """The newest appeal about a submission."""
    newest = search.newest_alone(submission_id)
    return shape(newest) if newest else None


def beside_result(submission: Submission, actor: Actor) -> dict[str, Any]:
    """For the result page: the newest appeal, its answer, and what this person can do."""
    newest = search.newest(submission.pk)
    return {
        "appeal": _for_page(actor, newest) if newest else None,
        "appealable": appeals.appealable(actor, submission),
        "longest_appeal": LONGEST,
    }


def of_case(actor: Actor, case: Case) -> dict[str, Any] | None:
    """For whoever decides: the open appeal."""
    found = search.of_case(case)
    return _for_page(actor, found) if found else None


def _for_page(actor: Actor, appeal: Appeal) -> dict[str, Any]:
    mine = appeal.made_by == actor.who.ref
    is_open = appeal.state == "open"
    answer: Decision | None = appeal.answer
    return {
        "appeal": appeal,
        "by": people_named([appeal.made_by]).get(appeal.made_by, appeal.made_by),
        "is_open": is_open,
        "is_mine": mine,
        "may_withdraw": mine and is_open and not appeals.is_being_answered(appeal.case),
        "answer": answer,
    }
