"""The queue as a table of decisions to make: what stands out, how long it is, who has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.actors import Actor
from media_analysis.review.models import Case
from media_analysis.review.search import queue
from media_analysis.review.services import look_alikes
from media_analysis.submissions.presenters import bench, glimpses
from ml import language
from ml.engine.contract import Status
from ml.engine.naming import clock
from ml.models import FindingRow

RANKED_BY = (
    "detector", "status", "reason", "score", "probability_manipulated", "evidence", "parameters",
)  # fmt: skip
"""The columns of a finding that a row needs. The list updates often, and a finding can have many
segments."""


def rows(actor: Actor, cases: Sequence[Case]) -> list[dict[str, Any]]:
    analyses = [case.submission.analysis_id for case in cases if case.submission.analysis_id]
    findings = _findings(analyses)
    seen = glimpses.of(actor, [case.submission for case in cases])
    waiting = queue.counts_of_same_file(actor, cases)
    alike = look_alikes.counts(cases)
    now = timezone.now()
    return [
        {
            "case": case,
            "length": _length(case),
            "glimpse": seen[case.submission_id],
            "strongest": _strongest(findings.get(case.submission.analysis_id, [])),
            "same": 0
            if case.submission.planted
            else waiting.get((case.team_id, case.submission.blob_id), 1) - 1,
            "alike": alike.get(case.pk, 0),
            "sender": case.submission.sender_name,
            "is_mine": actor.user is not None and case.holder_id == actor.user.pk,
            "is_late": case.due_at is not None and case.due_at < now,
        }
        for case in cases
    ]


def _findings(analyses: Sequence[UUID]) -> Mapping[UUID, list[dict[str, Any]]]:
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    ran = FindingRow.objects.filter(analysis__in=analyses, status=Status.RAN)
    for row in ran.values("analysis_id", *RANKED_BY):
        found[row["analysis_id"]].append(row)
    return found


def _strongest(findings: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    found = bench.strongest(findings)
    if found is None:
        return None
    value, score = found["probability_manipulated"], found["score"]
    if value is not None:
        number = language.probability(value)
    else:
        number = "" if score is None else language.number(score, 2)
    return {
        "name": language.check_name(found["detector"]),
        "says": language.in_words(language.from_text(found["reason"])),
        "number": number,
    }


def _length(case: Case) -> str:
    seconds = getattr(case, "seconds", None)
    try:
        return clock(float(seconds)) if seconds else ""
    except ValueError:
        return ""
