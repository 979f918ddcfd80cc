"""What review keeps of one submission, to be erased with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from media_analysis.review.models import (
    Appeal,
    Case,
    Decision,
    DistressFlag,
    DoubleReview,
    Draft,
    GoldenCase,
    GoldenPlacement,
    Opinion,
    PendingDecision,
)


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    mine = {"case__submission": submission}
    golden = GoldenPlacement.objects.filter(
        Q(submission=submission) | Q(golden__submission=submission)
    )
    return [
        golden,
        GoldenCase.objects.filter(submission=submission),
        Draft.objects.filter(**mine),
        DistressFlag.objects.filter(**mine),
        Opinion.objects.filter(review__case__submission=submission),
        DoubleReview.objects.filter(**mine),
        PendingDecision.objects.filter(**mine),
        Appeal.objects.filter(**mine),
        Decision.objects.filter(**mine),
        Case.objects.filter(submission=submission),
    ]
