"""What is known of an upload, to be erased with the submission that it became."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from media_analysis.uploads.models import DirectUpload, Upload


def rows_of(submission: UUID) -> list[QuerySet[Any]]:
    return [kind.objects.filter(submission=submission) for kind in (Upload, DirectUpload)]


def remove_text(submission: UUID) -> int:
    return sum(found.delete()[0] for found in rows_of(submission))
