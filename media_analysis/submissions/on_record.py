"""The content of a submission and of its deletion requests in events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection

from audit.rows import OnRecord, Rows, register
from media_analysis.submissions.models import (
    SENT_WORDS,
    DeletionRequest,
    Erasure,
    Hold,
    PartRule,
    Removal,
    RetentionRule,
    ReuseRule,
    Submission,
)

CARDS = """
    SELECT s.id, CASE
        WHEN c.submission_id IS NULL THEN 'its index card is gone'
        WHEN c.team_id <> s.team_id THEN 'its index card names another team'
        WHEN c.received_at <> s.created_at THEN 'its index card says another time'
        WHEN c.size <> b.size THEN 'its index card says another size'
        WHEN c.name <> left(lower(s.filename), 100) THEN 'its index card says another name'
        WHEN c.state <> a.state THEN 'its index card says another state'
        WHEN c.outcome <> coalesce(CASE a.state WHEN 'parked' THEN 'inconclusive'
            ELSE a.outcome END, '') THEN 'its index card says another outcome'
        WHEN t.sha256 IS DISTINCT FROM s.blob_id THEN 'the history finds it by another hash'
    END
    FROM submissions_submission s
    JOIN ml_analysis a ON a.id = s.analysis_id
    JOIN blobs_blob b ON b.sha256 = s.blob_id
    LEFT JOIN submissions_indexcard c ON c.submission_id = s.id
    LEFT JOIN submissions_searchtext t ON t.submission_id = s.id
    WHERE s.id = ANY(%s)
"""
"""The card is what the history shows. Triggers keep it from these rows, so no event needs to."""


def keep() -> None:
    register(
        OnRecord(
            model=Submission,
            columns=(
                "team_id", "blob_id", "analysis_id", "submitted_by_id", "submitted_by_service_id",
                "created_at",
            ),
            words=SENT_WORDS,
            subject=lambda submission: submission.pk,
            of_chain="pk",
            faults=_cards,
            parts={
                "submissions_indexcard": "submission_id",
                "submissions_searchtext": "submission_id",
            },
        ),
        OnRecord(
            model=DeletionRequest,
            columns=(
                "submission_id", "asked_by", "asked_at", "withdrawn_at", "answer", "answered_by",
                "answered_at",
            ),
            words=("reason", "answer_reason"),
            subject=lambda request: request.submission_id,
            of_chain="submission_id",
        ),
        OnRecord(
            model=Hold,
            columns=("submission_id", "placed_by", "placed_at", "lifted_by", "lifted_at"),
            words=("reason", "lift_reason"),
            subject=lambda hold: hold.submission_id,
            of_chain="submission_id",
        ),
        OnRecord(
            model=Erasure,
            columns=("team_id", "submission", "because", "ordered_by", "ended_at"),
            of_chain="submission",
        ),
        OnRecord(model=RetentionRule, columns=("team_id", "kind", "days")),
        OnRecord(model=ReuseRule, columns=("team_id", "is_on")),
        OnRecord(model=PartRule, columns=("team_id", "kind", "part", "days")),
        OnRecord(
            model=Removal,
            columns=("submission_id", "part", "days", "removed_at", "rows", "bytes", "shared"),
            of_chain="submission_id",
        ),
    )  # fmt: skip


def _cards(submissions: Rows) -> Mapping[Any, str]:
    with connection.cursor() as cursor:
        cursor.execute(CARDS, [[submission.pk for submission in submissions]])
        return {pk: fault for pk, fault in cursor.fetchall() if fault}
