"""What was sent of a batch's item, to be erased with the submission that it became."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from media_analysis.batches.models import BatchItem
from media_analysis.submissions.models import SENT_WORDS


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    return [BatchItem.objects.filter(submission=submission)]


def remove_text(submission: UUID) -> int:
    mine = BatchItem.objects.filter(submission=submission)
    return mine.update(**dict.fromkeys(SENT_WORDS, ""))
