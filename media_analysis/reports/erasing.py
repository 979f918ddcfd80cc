"""Reports about one submission, to be erased with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from media_analysis.reports.models import Report


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    return [Report.objects.filter(case__submission=submission)]
