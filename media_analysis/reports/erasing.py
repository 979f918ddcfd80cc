"""Reports and evidence films about one submission, to be erased with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from audit.rows import Row
from jobs.models import UNDER_WAY
from media_analysis.reports.models import EvidenceFilm, Report


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    return [
        Report.objects.filter(case__submission=submission),
        EvidenceFilm.objects.filter(case__submission=submission),
    ]


def copies_removed(submission: UUID) -> tuple[list[Row], set[str]]:
    """The evidence films: copies of the media. Reports stay as they were signed."""
    made = EvidenceFilm.objects.filter(case__submission=submission)
    hashes = blobs_of(submission)
    rows: list[Row] = [(EvidenceFilm, pk) for pk in made.values_list("pk", flat=True)]
    made.delete()
    return rows, hashes


def being_made() -> Exists:
    return Exists(EvidenceFilm.objects.filter(case__submission=OuterRef("pk"), state__in=UNDER_WAY))


def needs_bytes(sha256: str) -> bool:
    return EvidenceFilm.objects.filter(film=sha256).exists()


def blobs_of(submission: UUID) -> set[str]:
    made = EvidenceFilm.objects.filter(case__submission=submission, film__isnull=False)
    return set(made.values_list("film", flat=True))
