from __future__ import annotations

from django.db import transaction

from jobs.services import claim_one, park
from media_analysis.previews.models import Preview
from media_analysis.previews.services import copies as viewing
from media_analysis.submissions.models import Submission
from ml.models import Analysis
from tests.people import *  # noqa: F403 - the people are fixtures


def set_aside(submission: Submission, code: str = "poison", reason: str = "it died") -> Submission:
    """As a worker does when it gives up."""
    claim = claim_one(Analysis, submission.analysis_id, worker="test")
    assert claim is not None
    with transaction.atomic():
        park(claim, code, reason)
    submission.refresh_from_db()
    return submission


def copy_set_aside(
    submission: Submission, code: str = "poison", reason: str = "it died"
) -> Submission:
    """The same of the copy for the player. Rows are looked at here, not what made them."""
    with transaction.atomic():
        viewing.order(submission.blob)
    preview = Preview.objects.get(source=submission.blob_id)
    claim = claim_one(Preview, preview.pk, worker="test")
    assert claim is not None
    with transaction.atomic():
        park(claim, code, reason)
    return submission
