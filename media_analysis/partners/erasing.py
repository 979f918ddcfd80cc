"""What repeated requests are known by, to be erased with the submission that they made."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from media_analysis.partners.models import IdempotentRequest


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    return [IdempotentRequest.objects.filter(submission=submission)]


def remove_text(submission: UUID) -> int:
    return sum(found.delete()[0] for found in rows_of(submission))
