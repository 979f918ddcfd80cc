from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from jobs.runner import execute
from jobs.services import claim_one
from media_analysis.previews.models import Preview
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services.intake import submit
from ml import services as ml
from ml.engine.contract import Finding, Kind, MediaInfo, Outcome, Result, Verdict
from ml.models import Analysis
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person
from tests.previews import claps

FRAMES = [n / 25 for n in range(30)]
Filmed = Callable[..., Submission]


def analysed(
    submission: Submission,
    kind: Kind | None = Kind.VIDEO,
    findings: tuple[Finding, ...] = (),
    thumbnails: Mapping[str, bytes] | None = None,
    tracks: Sequence[Mapping[str, Any]] = (),
    **media: Any,
) -> Submission:
    """As a worker would, with a verdict at once: what looks at films stands elsewhere."""
    sha256 = submission.blob_id
    seen = MediaInfo(sha256, submission.blob.size, kind, "matroska", **media) if kind else None
    outcome = Outcome.INCONCLUSIVE if kind else Outcome.REJECTED
    result = Result(
        media=seen, verdict=Verdict(outcome, "Nothing was looked at."), findings=findings,
        engine_version="test", seconds=0.0, rejection=None if kind else "corrupt",
        thumbnails=thumbnails or {}, tracks=tracks,
    )  # fmt: skip
    claim = claim_one(Analysis, submission.analysis_id, worker="w1")
    assert claim is not None
    ml.run(claim, lambda file, **_: result)
    submission.refresh_from_db()
    return submission


@pytest.fixture
def filmed() -> Filmed:
    """Send a film of a second as somebody, and have it analysed; `clap` makes other bytes."""

    def _filmed(who: Person, clap: float = 0.4, content: bytes = b"", **media: Any) -> Submission:
        content = content or claps.film(FRAMES, clap, sound=(0.0, 1.2)).getvalue()
        sent = submit(who.actor, who.team, io.BytesIO(content), "clap.mkv").submission
        return analysed(sent, **{"duration": 1.2, "width": 320, "height": 180, **media})

    return _filmed


def prepared(submission: Submission) -> Preview:
    """Made by the very runner that a worker calls. Its lease is renewed over another connection,
    which does not see what a test has not committed: such a test is a transactional one."""
    preview = Preview.objects.get(source=submission.blob_id)
    claim = claim_one(Preview, preview.pk, worker="w1")
    assert claim is not None
    execute(claim)
    preview.refresh_from_db()
    return preview
