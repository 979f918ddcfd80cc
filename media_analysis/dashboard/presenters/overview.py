"""What the page says, made from the figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext

from accounts.actors import Actor
from accounts.models import Team
from accounts.roles import Permission
from jobs.models import LeasedJob
from media_analysis.care.search import figures as care
from media_analysis.dashboard.models import How
from media_analysis.dashboard.presenters.drawing import bars, span
from media_analysis.dashboard.search import figures
from media_analysis.dashboard.search.figures import DAYS, DECISION_DAYS, HOURS, LISTED, Row
from media_analysis.review.presenters import quality
from media_analysis.submissions.models import Submission
from media_analysis.submissions.outcomes import DecisionOutcome
from ml import language

COUNTED = ("verdicts", "rejected", "set_aside")


def overview(actor: Actor, teams: Sequence[Team]) -> dict[str, Any]:
    ids = [team.pk for team in teams]
    now = datetime.now(UTC)
    queues = _queues(teams)
    return {
        "now": now,
        "queues": queues,
        "total": _total(queues),
        "in_hands": [_held(actor, case) for case in figures.in_hands(ids)],
        "drift": _drift(actor, ids),
        "day": _with_spans(figures.last_day(ids)),
        "hours": _series(figures.by_hour(ids), _slots(now, hours=HOURS), "H:i"),
        "days": _series(figures.by_day(ids), _slots(now, days=DAYS), "D j M"),
        "people": _people(
            figures.people(ids), figures.decisions(ids), _slots(now, days=DECISION_DAYS)
        ),
        "exposure": _exposure(actor, teams),
        "outcomes": _outcomes(figures.outcomes(ids)),
        "reasons": [_reason(row) for row in figures.without_verdict(ids)],
        "parked": _set_aside(actor, figures.parked(ids), lambda sent: sent.analysis, "retry"),
        "copies": _set_aside(
            actor, figures.parked_copies(ids), lambda sent: sent.blob.preview, "retry_copy"
        ),
        "workers": _workers() if actor.is_site_admin else None,
    }


def _exposure(actor: Actor, teams: Sequence[Team]) -> dict[str, Any]:
    """The reader's own exposure, then sums of teams without names: people were promised that no
    lead sees their figures."""
    sums = care.of_teams(actor.user, [team.pk for team in teams])
    return {
        "own": care.own(actor.user) if actor.user else None,
        "teams": [(team, sums[team.pk]) for team in teams if sums[team.pk].enough],
        "fewest": care.FEWEST,
    }


def _queues(teams: Sequence[Team]) -> list[Row]:
    ids = [team.pk for team in teams]
    cases, queued, running = figures.cases(ids), figures.queued(ids), figures.running(ids)
    empty: Row = {}
    rows = []
    for team in teams:
        case, wait, run = (found.get(team.pk, empty) for found in (cases, queued, running))
        rows.append(
            {
                "team": team,
                "cases": case.get("waiting", 0),
                "case_age": case.get("age"),
                "case_span": span(case.get("age")),
                "overdue": case.get("overdue", 0),
                "held": case.get("held", 0),
                "run_out": case.get("run_out", 0),
                "analyses": wait.get("waiting", 0),
                "analysis_age": wait.get("age"),
                "analysis_span": span(wait.get("age")),
                "running": run.get("held", 0),
                "stale": run.get("run_out", 0),
            }
        )
    return sorted(rows, key=lambda row: row["case_age"] or timedelta(), reverse=True)


def _total(queues: Sequence[Row]) -> Row:
    total: Row = {
        name: sum(row[name] for row in queues)
        for name in ("cases", "overdue", "held", "run_out", "analyses", "running", "stale")
    }
    for name in ("case", "analysis"):
        oldest = max((row[f"{name}_age"] for row in queues if row[f"{name}_age"]), default=None)
        total[f"{name}_span"] = span(oldest)
    return total


def _drift(actor: Actor, ids: Sequence[UUID]) -> list[Row]:
    """Teams whose checks changed last month. Their page is linked only for people who may see
    it."""
    return [
        {
            **one,
            "url": reverse("teams:quality", args=[one["team"].pk])
            if actor.can(Permission.MANAGE_QUEUES, one["team"].pk)
            else "",
        }
        for one in quality.drift(ids)
        if one["alarms"]
    ]


def _may_see(actor: Actor, submission: Submission) -> bool:
    """Running the house is not looking at its media: not even at their names."""
    return actor.can(Permission.VIEW_SUBMISSIONS, submission.team_id)


def _held(actor: Actor, case: Any) -> Row:
    return {
        "case": case,
        "team": case.team,
        "holder": case.holder,
        "name": (case.submission.filename or gettext("unnamed"))
        if _may_see(actor, case.submission)
        else None,
        "run_out": case.has_run_out,
    }


def _with_spans(row: Row) -> Row:
    return {**row, "median": span(row["median"]), "p95": span(row["p95"])}


def _slots(now: datetime, *, hours: int = 0, days: int = 0) -> list[datetime]:
    """The hours or days up to this one, also those in which nothing ended."""
    if hours:
        last = now.replace(minute=0, second=0, microsecond=0)
        return [last - timedelta(hours=back) for back in reversed(range(hours))]
    last = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return [last - timedelta(days=back) for back in reversed(range(days))]


def _series(rows: Sequence[Row], slots: Sequence[datetime], name: str) -> Row:
    found = {row["slot"]: row for row in rows}
    lines = []
    for slot in slots:
        row = found.get(slot, {})
        lines.append(
            {
                "slot": slot,
                "name": format_date(slot, name),
                **{counted: row.get(counted, 0) for counted in COUNTED},
                "some": any(row.get(counted) for counted in COUNTED),
                "median": span(row.get("median")),
                "p95": span(row.get("p95")),
            }
        )
    pairs = [(line["verdicts"], line["rejected"] + line["set_aside"]) for line in lines]
    return {
        "lines": lines,
        "bars": bars(pairs),
        "width": 10 * len(lines),
        "most": max((a + b for a, b in pairs), default=0),
        "sum": sum(a + b for a, b in pairs),
        "first": lines[0]["name"],
        "last": lines[-1]["name"],
    }


def _people(people: Sequence[Row], made: Sequence[Any], days: Sequence[datetime]) -> Row:
    counts = {(row["decided_by"], row["day"]): row["count"] for row in made}
    lines = [
        {
            "name": row["decided_by__name"]
            or row["decided_by__email"]
            or gettext("an erased account"),
            "counts": [counts.get((row["decided_by"], day), 0) for day in days],
            "sum": row["count"],
            "median": span(row["seconds"]),
        }
        for row in people
    ]
    lines.sort(key=lambda line: (-line["sum"], line["name"]))
    return {"days": [format_date(day, "D j") for day in days], "lines": lines}


def _outcomes(rows: Sequence[Row]) -> Row:
    """A policy a line, an outcome a column, and what both sum up to."""
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        mine = counts.setdefault(row["policy__name"] or gettext("no policy"), {})
        mine[row["outcome"]] = mine.get(row["outcome"], 0) + row["count"]
    names = DecisionOutcome.values
    lines: list[Row] = [
        {"name": name, "counts": [mine.get(one, 0) for one in names], "sum": sum(mine.values())}
        for name, mine in counts.items()
    ]
    return {
        "heads": [DecisionOutcome(one).label for one in names],
        "lines": sorted(lines, key=lambda line: (-line["sum"], line["name"])),
        "sums": [sum(line["counts"][place] for line in lines) for place in range(len(names))],
        "sum": sum(line["sum"] for line in lines),
    }


def _reason(row: Row) -> Row:
    return {**row, "how": How(row["how"]).label, "words": language.in_short(row["code"])}


def _set_aside(
    actor: Actor, found: Any, job_of: Callable[[Submission], LeasedJob], again: str
) -> Row:
    count = found.count()
    rows = [
        {
            "submission": submission,
            "job": (job := job_of(submission)),
            "reason": language.reason(job.state, job.reason_code, job.reason),
            "team": submission.team,
            "name": (submission.filename or gettext("unnamed"))
            if _may_see(actor, submission)
            else None,
            "again": reverse(f"dashboard:{again}", args=[submission.pk])
            if actor.can(Permission.RETRY_ANALYSES, submission.team_id)
            else "",
        }
        for submission in found[:LISTED]
    ]
    return {"count": count, "rows": rows, "left_out": max(count - LISTED, 0)}


def _workers() -> list[Row]:
    return [{"worker": worker, "silent": span(worker.silent)} for worker in figures.workers()]
