"""Backfills for the pages, as plain values."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, gettext_noop

from accounts.actors import Actor
from accounts.roles import Permission
from media_analysis.backfill.models import Backfill, Stage
from media_analysis.backfill.search import report
from media_analysis.submissions.outcomes import DecisionOutcome

SHOWN, LISTED = 50, 100
SWITCH = {
    Stage.PLANNED: ("start", gettext_noop("Start backfill")),
    Stage.RUNNING: ("pause", gettext_noop("Pause backfill")),
    Stage.PAUSED: ("resume", gettext_noop("Resume backfill")),
}


def index_page(actor: Actor) -> dict[str, Any]:
    found = list(Backfill.objects.for_actor(actor).select_related("team")[:SHOWN])
    progress = report.progress_of(found)
    return {"runs": [_row(actor, run, progress[run.pk]) for run in found]}


def _row(actor: Actor, run: Backfill, progress: report.Progress) -> dict[str, Any]:
    to, label = SWITCH.get(Stage(run.state), ("", ""))
    return {
        "run": run,
        "team": str(run.team or gettext("All teams")),
        "progress": progress,
        "to": to if actor.is_site_admin else "",
        "label": gettext(label) if label else "",
    }


def report_page(actor: Actor, run: Backfill) -> dict[str, Any]:
    """Counts of the actor's own teams only. Names of media are included for people who may see
    them."""
    items = run.items.all()
    if not actor.is_site_admin:
        items = items.for_actor(actor, Permission.VIEW_DASHBOARD)
    changes = report.changes(items)
    against = report.contradictions(items)
    own = report.contradictions(run.items.for_actor(actor))
    count, may_see = against.count(), own.count()
    return {
        **_row(actor, run, report.progress(run)),
        "changed": [one for one in changes if one.before != one.after],
        "total": sum(one.n for one in changes),
        "total_changed": sum(one.n for one in changes if one.before != one.after),
        "against": count,
        "listed": [_contradiction(item) for item in own[:LISTED]],
        "not_listed": count - min(may_see, LISTED),
    }


def _contradiction(item: Any) -> dict[str, Any]:
    return {
        "submission": item.submission,
        "decision": DecisionOutcome(item.submission.card.decision).label,
        "before": item.was,
        "after": item.after.outcome,
        "is_new": item.contradicts == report.NEWLY,
    }
