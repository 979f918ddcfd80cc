"""Reports and evidence films about one submission, to be erased with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from media_analysis.reports.models import EvidenceFilm, Report


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    return [
        Report.objects.filter(case__submission=submission),
        EvidenceFilm.objects.filter(case__submission=submission),
    ]


def blobs_of(submission: UUID) -> set[str]:
    made = EvidenceFilm.objects.filter(case__submission=submission, film__isnull=False)
    return set(made.values_list("film", flat=True))
