"""What a backfill noted about one submission, to be erased with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from media_analysis.backfill.models import BackfillItem


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    return [BackfillItem.objects.filter(submission=submission)]
