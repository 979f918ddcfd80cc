"""What a backfill noted about one submission, to be erased with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from jobs.models import UNDER_WAY
from media_analysis.backfill.models import BackfillItem


def under_way() -> Exists:
    return Exists(BackfillItem.objects.filter(submission=OuterRef("pk"), state__in=UNDER_WAY))


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    return [BackfillItem.objects.filter(submission=submission)]
