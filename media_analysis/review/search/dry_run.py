"""What a queue rule would have sent to review of the files that came lately, before it is saved."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Case as DbCase
from django.db.models import CharField, Count, F, QuerySet, Value, When
from django.db.models.functions import Cast, Now

from accounts.models import Team
from jobs.models import State
from media_analysis.review.models import Decision
from media_analysis.submissions.models import Submission
from ml.engine.contract import Outcome

DAYS = 30
LISTED = 20
DECIDED_LATELY = 500
"""Of so many decisions the median time is taken."""


@dataclass(frozen=True)
class DryRun:
    files: int
    """That came in these days and whose analysis ended."""
    now: int
    """Of them, what the rule of today sends to review."""
    then: int
    hours: float | None
    """Of people, for the difference; None where the team has decided nothing yet."""
    added: list[Submission]
    dropped: list[Submission]

    @property
    def difference(self) -> int:
        return self.then - self.now


def of(team: Team, today: Collection[str], wanted: Collection[str]) -> DryRun:
    ended = routed(team)
    counts = {row["routed"]: row["n"] for row in ended.values("routed").annotate(n=Count("pk"))}
    now, then = (sum(counts.get(one, 0) for one in rule) for rule in (today, wanted))
    seconds = _median_seconds(team)
    return DryRun(
        files=sum(counts.values()),
        now=now,
        then=then,
        hours=None if seconds is None else (then - now) * seconds / 3600,
        added=_some(ended, set(wanted) - set(today)),
        dropped=_some(ended, set(today) - set(wanted)),
    )


def routed(team: Team) -> QuerySet[Any]:
    """Files of the last days by the outcome that a rule asks of (`services/routing.py`)."""
    as_routed = DbCase(
        When(analysis__state=State.PARKED, then=Value(Outcome.INCONCLUSIVE.value)),
        default=Cast(F("analysis__outcome"), CharField()),
        output_field=CharField(),
    )
    sent = Submission.objects.filter(team=team, created_at__gte=Now() - timedelta(days=DAYS))
    found: QuerySet[Any] = sent.annotate(routed=as_routed).exclude(routed=None).order_by()
    return found


def _some(ended: QuerySet[Any], outcomes: Collection[str]) -> list[Submission]:
    """The newest of them."""
    found = ended.filter(routed__in=outcomes).select_related("analysis")
    return list(found.order_by("-created_at")[:LISTED])


def _median_seconds(team: Team) -> float | None:
    lately = Decision.objects.filter(team=team).order_by("-created_at")
    spent = sorted(lately.values_list("seconds_on_case", flat=True)[:DECIDED_LATELY])
    return float(spent[len(spent) // 2]) if spent else None
