"""The event of a submission, in its own chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.actors import Actor, who_in
from audit.rows import Row
from audit.services import record
from audit.verbs import Verb
from audit.who import Who
from media_analysis.submissions.models import Submission


def record_event(
    submission: Submission,
    by: Actor | Who,
    verb: Verb,
    *,
    why: str = "",
    data: Mapping[str, Any] | None = None,
    rows: Sequence[Row] = (),
) -> None:
    record(
        chain=submission.pk,
        verb=verb,
        who=who_in(submission.team_id, by),
        object_type="submission",
        object_id=submission.pk,
        object_sha256=submission.blob_id,
        why=why,
        data=data,
        rows=rows,
    )
