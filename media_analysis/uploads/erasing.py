"""What is known of a resumable upload, to be erased with the submission that it became."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from media_analysis.uploads.models import Upload


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    return [Upload.objects.filter(submission=submission)]
