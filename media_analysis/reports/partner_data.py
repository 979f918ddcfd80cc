"""Issued reports as partners read them: versions, what each replaces, and links to the files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from accounts.prepared import Prepared
from media_analysis.reports import verifying
from media_analysis.reports.models import Report
from media_analysis.review.presenters.decisions import moment

PAPERS = (*verifying.FILES, verifying.SIGNATURE)


def shape(
    *,
    pk: UUID,
    number: int,
    language: str,
    decision: UUID,
    issued_at: datetime,
    supersedes: UUID | None,
    papers: Sequence[str],
    root: str,
) -> dict[str, Any]:
    """The fields of a report, wherever a partner meets it. `root` is the submission's address."""
    return {
        "id": str(pk),
        "version": number,
        "language": language,
        "decision": str(decision),
        "issued_at": moment(issued_at),
        "supersedes": str(supersedes) if supersedes else None,
        "files": [{"name": name, "url": f"{root}reports/{pk}/{name}/"} for name in papers],
    }


def of_report(report: Report) -> dict[str, Any]:
    """The data of a report that was just issued."""
    address = reverse("api:submission-detail", args=[report.case.submission_id])
    return shape(
        pk=report.pk, number=report.number, language=report.language, decision=report.decision_id,
        issued_at=report.created_at, supersedes=report.earlier_id, papers=PAPERS,
        root=f"{settings.PUBLIC_URL}{address}",
    )  # fmt: skip


_ISSUED = Prepared(
    lambda _, submission: (
        Report.objects.for_partners()
        .filter(case__submission=submission)
        .order_by("number", "created_at")
        .values_list("pk", "number", "language", "decision", "created_at", "earlier", "public")
    )
)


def issued(submission: UUID, root: str) -> list[dict[str, Any]]:
    """All of them, the first one first. `root` is the submission's address."""
    return [
        shape(
            pk=pk, number=number, language=language, decision=decision, issued_at=at,
            supersedes=earlier, root=root,
            papers=[name for name in PAPERS if public or name != verifying.PUBLIC],
        )
        for pk, number, language, decision, at, earlier, public
        in _ISSUED(None, submission=submission)
    ]  # fmt: skip
