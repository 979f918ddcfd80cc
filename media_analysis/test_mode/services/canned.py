"""The canned answer to what a test key sent, in the transaction that writes the submission: rows,
events and webhooks are those of any other, and no worker and no person has anything to do."""

from __future__ import annotations

import ml.services
from media_analysis.review.models import Appeal
from media_analysis.review.services import canned as review
from media_analysis.submissions.models import Submission
from media_analysis.submissions.outcomes import DecisionOutcome
from media_analysis.test_mode.outcomes import answer_to, for_name
from ml.engine.contract import (
    Declaration,
    Evidence,
    Finding,
    Kind,
    MediaInfo,
    Outcome,
    Result,
    Segment,
    Status,
    Strength,
    Verdict,
)
from ml.engine.sentence import say

BY = "test mode"
"""Stands where a worker's name stands otherwise."""
CHECK = "test"
"""The name of the one check in a canned result. No detector has it."""
CANNED = say("test.canned")
REJECTION = "corrupt"
PROBABILITIES = {Outcome.MANIPULATION_FOUND: 0.97}
DECLARATION = Declaration(by="Example Generator", signed=True, trusted=False)


def answer(submission: Submission) -> None:
    canned = for_name(submission.filename)
    if canned.stays_queued:
        ml.services.never_due(submission.analysis)
        return
    result = result_of(submission, canned.outcome) if canned.outcome else None
    ml.services.end_at_once(submission.analysis, result, BY)
    review.decide(submission, canned.decisions, str(CANNED))


def answer_appeal(appeal: Appeal) -> None:
    """In the transaction of the appeal."""
    outcome = answer_to(appeal.text, DecisionOutcome(appeal.decision.outcome))
    if outcome is not None:
        review.answer(appeal, outcome, str(CANNED))


def result_of(submission: Submission, outcome: Outcome) -> Result:
    if outcome is Outcome.REJECTED:
        verdict = Verdict(outcome, say(f"file.{REJECTION}"))
        return Result(
            media=None, verdict=verdict, findings=(), engine_version=BY, seconds=0.0,
            rejection=REJECTION,
        )  # fmt: skip
    probability = PROBABILITIES.get(outcome)
    declared = DECLARATION if outcome is Outcome.DECLARED_GENERATED else None
    verdict = Verdict(
        outcome, CANNED, probability, declared=declared, coverage={Status.RAN.value: [CHECK]}
    )
    return Result(
        media=_media(submission), verdict=verdict, findings=(_finding(outcome, probability),),
        engine_version=BY, seconds=0.0,
    )  # fmt: skip


def _media(submission: Submission) -> MediaInfo:
    """What is known without decoding."""
    kind, _, kept_as = submission.blob.media_type.partition("/")
    return MediaInfo(submission.blob_id, submission.blob.size, Kind(kind), kept_as)


def _finding(outcome: Outcome, probability: float | None) -> Finding:
    found = outcome is Outcome.MANIPULATION_FOUND
    evidence = Evidence(
        "test.canned", CANNED, Strength.STRONG if found else Strength.CONTEXT,
        supports=outcome if found else None,
    )  # fmt: skip
    return Finding(
        CHECK, "1", Status.RAN, CANNED, probability_manipulated=probability, evidence=(evidence,),
        segments=(Segment(0.0, 1.0, probability, ""),) if found else (),
    )  # fmt: skip
