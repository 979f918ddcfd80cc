"""What events hold of cases, decisions and the rules that they rest on."""

from audit.rows import OnRecord, register
from media_analysis.review.models import (
    Appeal,
    Case,
    CaseNote,
    Decision,
    Opinion,
    Policy,
    Queue,
    QueueRule,
    ReasonCode,
    RoutingRule,
    SavedText,
)

RULE, QUEUE_RULE = (
    tuple(
        field.attname
        for field in model._meta.concrete_fields
        if not field.primary_key and field.attname not in ("name", "context")
    )
    for model in (RoutingRule, QueueRule)
)


def keep() -> None:
    register(
        OnRecord(model=Policy, columns=("team_id", "is_active"), texts=("name", "text")),
        OnRecord(model=ReasonCode, columns=("team_id", "policy_id", "is_active"), texts=("name",)),
        OnRecord(model=SavedText, columns=("team_id",), texts=("name", "text")),
        OnRecord(model=RoutingRule, columns=RULE),
        OnRecord(
            model=Queue,
            columns=("team_id", "hours", "is_paused", "second_share"),
            texts=("name",),
        ),
        OnRecord(model=QueueRule, columns=QUEUE_RULE, texts=("name", "context")),
        OnRecord(
            model=Case,
            columns=(
                "team_id", "submission_id", "state", "opened_because", "opened_at", "holder_id",
                "fence", "decided_at", "standing_fence",
            ),
            of_chain="submission_id",
        ),
        OnRecord(
            model=Decision,
            columns=(
                "team_id", "case_id", "fence", "outcome", "policy_id", "decided_by_id",
                "seconds_on_case", "created_at", "taken_from_id", "codes", "confidence",
            ),
            texts=("policy_text",),
            words=("reason", "note"),
            subject=lambda decision: decision.case.submission_id,
            related=("case",),
            of_chain="case__submission_id",
        ),
        OnRecord(
            model=Appeal,
            columns=(
                "team_id", "case_id", "decision_id", "made_by", "made_at", "withdrawn_at",
                "answered_at", "answer_id", "outcome",
            ),
            words=("text",),
            subject=lambda appeal: appeal.case.submission_id,
            related=("case",),
            of_chain="case__submission_id",
        ),
        OnRecord(
            model=CaseNote,
            columns=("team_id", "case_id", "author_id", "created_at"),
            words=("text",),
            subject=lambda note: note.case.submission_id,
            related=("case",),
            of_chain="case__submission_id",
        ),
        OnRecord(
            model=Opinion,
            columns=(
                "review_id", "place", "fence", "person_id", "outcome", "policy_id", "codes",
                "confidence", "seconds_on_case", "taken_from_id", "created_at",
            ),
            texts=("policy_text",),
            words=("reason", "note"),
            subject=lambda opinion: opinion.review.case.submission_id,
            related=("review__case",),
            of_chain="review__case__submission_id",
        ),
    )  # fmt: skip
