"""A question to a lead: the case waits for a lead alone until it is decided or answered."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.actors import Actor
from accounts.refusals import Refusal
from audit.subjects import keep
from audit.verbs import Verb
from jobs.timing import ClockTimestamp
from media_analysis.review.models import Case
from media_analysis.review.search import double_reviews
from media_analysis.review.services import case_changes, checking


@transaction.atomic
def escalate(actor: Actor, case_id: UUID, fence: int, question: str) -> None:
    """Back to the queue, for a lead alone, with a question that the case shows."""
    if not question.strip():
        raise Refusal("question_missing")
    _hand_on(actor, case_id, fence, question, Verb.CASE_ESCALATED, asked_at=ClockTimestamp())


@transaction.atomic
def answer(actor: Actor, case_id: UUID, fence: int, text: str) -> None:
    """A lead answers a question: the case is everybody's again, and shows the answer."""
    if not text.strip():
        raise Refusal("answer_missing")
    if double_reviews.is_disputed(case_id):
        raise Refusal("case_wants_adjudication")
    if not case_changes.held(actor, case_id, fence).filter(asked_at__isnull=False).exists():
        raise Refusal(case_changes.CLAIM_LOST)
    _hand_on(actor, case_id, fence, text, Verb.CASE_COMMENTED, asked_at=None)


def _hand_on(
    actor: Actor, case_id: UUID, fence: int, words: str, verb: Verb, *, asked_at: Any
) -> None:
    if not case_changes.held(actor, case_id, fence).update(
        asked_at=asked_at, **case_changes.back_in_queue(case_id)
    ):
        raise Refusal(case_changes.CLAIM_LOST)
    case = Case.objects.select_related("submission").get(pk=case_id)
    grounds = keep(case.submission_id, "grounds", words.strip()[: checking.REASON_LENGTH])
    case_changes.record_event(case, actor, verb, commitments={"grounds": grounds}, fence=fence)
