"""Who was shown a submission's media, to be erased with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from media_analysis.care.models import Exposure


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    return [Exposure.objects.filter(submission=submission)]
