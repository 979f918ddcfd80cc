"""All data of a submission, for programs and archives."""

from __future__ import annotations

from typing import Any

from audit.models import Event
from media_analysis.submissions.models import Submission
from media_analysis.submissions.presenters.custody import is_of_review
from media_analysis.submissions.presenters.result import whole_result


def export(submission: Submission, *, blind: bool = False) -> dict[str, Any]:
    """While `blind`, actions in review are hashes alone."""
    analysis = submission.analysis
    return {
        "submission": {
            "id": str(submission.pk),
            "team": str(submission.team_id),
            "filename": submission.filename,
            "note": submission.note,
            "policy_context": submission.policy_context,
            "external_id": submission.external_id,
            "language": submission.language,
            "received_at": submission.created_at.isoformat(),
            "sha256": submission.blob_id,
            "size": submission.blob.size,
            "media_type": submission.blob.media_type,
            "removed": {part: at.isoformat() for part, at in submission.removed_parts.items()},
        },
        "declared": analysis.declared,
        "analysis": {
            "id": str(analysis.pk),
            "state": analysis.state,
            "outcome": analysis.outcome,
            "attempt": analysis.attempt,
            "engine_version": analysis.engine_version,
            "examined_at": analysis.examined_at.isoformat() if analysis.examined_at else None,
            "result_sha256": analysis.result_sha256,
            "result": whole_result(analysis, codes=True),
        },
        "events": [
            {
                "seq": e.seq,
                "hash": bytes(e.hash).hex(),
                "payload": None if blind and is_of_review(e) else bytes(e.payload).decode(),
            }
            for e in Event.objects.filter(chain=submission.pk).order_by("seq")
        ],
    }
