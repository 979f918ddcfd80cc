"""The dashboard's questions to the database: a fixed number, each over one index and a window.

What waits is counted whole, what ended within a window of time. Hours and days are UTC.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import (
    Aggregate,
    BooleanField,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Max,
    Min,
    Q,
    QuerySet,
)
from django.db.models.functions import Least, Now, TruncDay, TruncHour

from jobs.models import State, WorkerHeartbeat
from jobs.timing import InSeconds
from media_analysis.dashboard.models import Ending, How
from media_analysis.review.models import LEASE_SECONDS, Case, CaseState, Decision
from media_analysis.review.search import golden
from media_analysis.submissions.models import Submission
from ml.models import Analysis

Row = dict[str, Any]
Ids = Collection[UUID]
HOURS, DAYS, DECISION_DAYS = 24, 14, 7
LISTED = 50
"""Rows of a list on the page. The number of omitted rows is shown next to it."""


class Percentile(Aggregate):
    """The continuous percentile: half of 1 s and 3 s is 2 s."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, field: str, *, share: float, **more: Any) -> None:
        super().__init__(F(field), share=share, **more)


VERDICT = Q(how=How.VERDICT)
COUNTS = {
    "verdicts": Count("pk", filter=VERDICT),
    "rejected": Count("pk", filter=Q(how=How.REJECTED)),
    "set_aside": Count("pk", filter=Q(how=How.SET_ASIDE)),
}
WAITS = {
    "median": Percentile("seconds", share=0.5, filter=VERDICT),
    "p95": Percentile("seconds", share=0.95, filter=VERDICT),
}
HELD, RUN_OUT = Q(lease_until__gte=Now()), Q(lease_until__lt=Now())


def _age(field: str) -> Any:
    """How long the oldest waits, by the database's clock."""
    return ExpressionWrapper(Now() - Min(field), output_field=DurationField())


def cases(teams: Ids) -> dict[UUID, Row]:
    """What waits for a person, and in how many hands it is."""
    waiting = Case.objects.filter(team_id__in=teams).exclude(state=CaseState.DECIDED)
    waiting = waiting.exclude(submission__in=golden.planted())
    claimed = Q(state=CaseState.CLAIMED)
    return _by_team(
        waiting.values("team_id").annotate(
            waiting=Count("pk"),
            age=_age("opened_at"),
            overdue=Count("pk", filter=Q(due_at__lt=Now())),
            held=Count("pk", filter=claimed & HELD),
            run_out=Count("pk", filter=claimed & RUN_OUT),
        )
    )


def queued(teams: Ids) -> dict[UUID, Row]:
    """What waits for a worker."""
    rows = Analysis.objects.filter(
        state=State.QUEUED, submission__team_id__in=teams, submission__planted=False
    )
    by_team = rows.values(team_id=F("submission__team_id"))
    return _by_team(by_team.annotate(waiting=Count("pk"), age=_age("created_at")))


def running(teams: Ids) -> dict[UUID, Row]:
    """What a worker holds; a lease that ran out is taken back within seconds if one lives."""
    rows = Analysis.objects.filter(
        state=State.RUNNING, submission__team_id__in=teams, submission__planted=False
    )
    by_team = rows.values(team_id=F("submission__team_id"))
    return _by_team(
        by_team.annotate(held=Count("pk", filter=HELD), run_out=Count("pk", filter=RUN_OUT))
    )


def _by_team(rows: QuerySet[Any, Any]) -> dict[UUID, Row]:
    return {row["team_id"]: row for row in rows}


def in_hands(teams: Ids) -> list[Case]:
    """Cases that somebody holds, the lease that ends first on top, as
    `Case.displayed_until` says it."""
    held = Case.objects.filter(
        team_id__in=teams, state=CaseState.CLAIMED, submission__planted=False
    )
    return list(
        held.select_related("holder", "submission", "team")
        .annotate(has_run_out=ExpressionWrapper(RUN_OUT, output_field=BooleanField()))
        .order_by(Least("lease_until", InSeconds(LEASE_SECONDS)), "pk")[:LISTED]
    )


def last_day(teams: Ids) -> Row:
    """All that ended in the 24 hours before now."""
    ended = Ending.objects.filter(team_id__in=teams, ended_at__gte=Now() - timedelta(hours=24))
    return ended.aggregate(**COUNTS, **WAITS)


def by_hour(teams: Ids) -> list[Row]:
    since = TruncHour(Now()) - timedelta(hours=HOURS - 1)
    ended = Ending.objects.filter(team_id__in=teams, ended_at__gte=since)
    return list(ended.values(slot=TruncHour("ended_at")).annotate(**COUNTS).order_by("slot"))


def by_day(teams: Ids) -> list[Row]:
    since = TruncDay(Now()) - timedelta(days=DAYS - 1)
    ended = Ending.objects.filter(team_id__in=teams, ended_at__gte=since)
    days = ended.values(slot=TruncDay("ended_at"))
    return list(days.annotate(**COUNTS, **WAITS).order_by("slot"))


def without_verdict(teams: Ids) -> list[Row]:
    """Why analyses ended without one, in the same days."""
    since = TruncDay(Now()) - timedelta(days=DAYS - 1)
    ended = Ending.objects.filter(team_id__in=teams, ended_at__gte=since).exclude(VERDICT)
    reasons = ended.values("how", "code").annotate(count=Count("pk"), last=Max("ended_at"))
    return list(reasons.order_by("-count", "code")[:LISTED])


def decisions(teams: Ids) -> list[Any]:
    """How many each person made on each of the last days."""
    made = _decided(teams).annotate(day=TruncDay("created_at"))
    return list(made.values("decided_by", "day").annotate(count=Count("pk")))


def outcomes(teams: Ids) -> list[Any]:
    """What was decided in these days, by policy and outcome."""
    rows = _decided(teams).values("policy__name", "outcome")
    return list(rows.annotate(count=Count("pk")).order_by("policy__name", "outcome"))


def people(teams: Ids) -> list[Row]:
    """Who decided in these days, and the median time that a case was in their hands."""
    who = ("decided_by", "decided_by__name", "decided_by__email")
    seconds = Percentile("seconds_on_case", share=0.5)
    return list(_decided(teams).values(*who).annotate(count=Count("pk"), seconds=seconds))


def _decided(teams: Ids) -> QuerySet[Decision]:
    since = TruncDay(Now()) - timedelta(days=DECISION_DAYS - 1)
    made: QuerySet[Decision] = Decision.objects.filter(team_id__in=teams, created_at__gte=since)
    return made.order_by()


def parked(teams: Ids) -> QuerySet[Submission]:
    """What was set aside and waits for a person to look at the reason, the newest on top."""
    rows = Submission.objects.filter(team_id__in=teams, analysis__state=State.PARKED, planted=False)
    return rows.select_related("analysis", "team").order_by("-analysis__finished_at")


def parked_copies(teams: Ids) -> QuerySet[Submission]:
    """Playback copies that failed, newest first. A copy is made once for the same bytes, so the
    latest sender represents it."""
    sent = Submission.objects.filter(
        planted=False, team_id__in=teams, blob__preview__state=State.PARKED
    )
    last = sent.order_by("blob_id", "-created_at", "-pk").distinct("blob_id")
    rows = Submission.objects.filter(pk__in=last.values("pk"))
    return rows.select_related("blob__preview", "team").order_by("-blob__preview__finished_at")


def workers() -> list[Any]:
    return list(
        WorkerHeartbeat.objects.annotate(
            silent=ExpressionWrapper(Now() - F("seen_at"), output_field=DurationField())
        ).order_by("name")[:LISTED]
    )
