"""What review keeps of one submission, to be erased with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from media_analysis.review.models import (
    Appeal,
    Case,
    CaseNote,
    CaseState,
    Decision,
    DistressFlag,
    DoubleReview,
    Draft,
    GoldenCase,
    GoldenPlacement,
    Mention,
    Opinion,
    PendingDecision,
)


def needed_here() -> Q:
    """A case that waits or is reviewed, an appeal that is open, a golden case that is placed."""
    here = OuterRef("pk")
    cases = Case.objects.filter(submission=here).exclude(state=CaseState.DECIDED)
    appeals = Appeal.objects.open().filter(case__submission=here)
    golden = GoldenCase.objects.filter(submission=here, is_active=True)
    return Q(Exists(cases)) | Q(Exists(appeals)) | Q(Exists(golden))


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    mine = {"case__submission": submission}
    golden = GoldenPlacement.objects.filter(
        Q(submission=submission) | Q(golden__submission=submission)
    )
    return [
        golden,
        GoldenCase.objects.filter(submission=submission),
        Draft.objects.filter(**mine),
        Mention.objects.filter(note__case__submission=submission),
        CaseNote.objects.filter(**mine),
        DistressFlag.objects.filter(**mine),
        Opinion.objects.filter(review__case__submission=submission),
        DoubleReview.objects.filter(**mine),
        PendingDecision.objects.filter(**mine),
        Appeal.objects.filter(**mine),
        Decision.objects.filter(**mine),
        Case.objects.filter(submission=submission),
    ]
