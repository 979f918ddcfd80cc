"""What queue rules would have sent to review of the files that came lately, before it is saved."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db.models.functions import Now

from accounts.models import Team
from media_analysis.review.models import Decision
from media_analysis.review.search import rule_match
from media_analysis.review.search.rule_match import Placed, Rules
from media_analysis.submissions.models import Submission

DAYS = 30
LISTED = 20
MOST = 50_000
DECIDED_LATELY = 500
"""The number of decisions over which the median time is computed."""


@dataclass(frozen=True)
class DryRun:
    files: int
    """That came in these days and whose analysis ended."""
    now: int
    """The files among them that the current rule sends to review."""
    then: int
    hours: float | None
    """The hours of people's work that the difference costs; None if the team has decided nothing
    yet."""
    added: list[Submission]
    dropped: list[Submission]
    queues: list[tuple[str, int]]
    """How many of `then` go to which queue; an empty name is the general one."""
    is_cut: bool
    """There were more files; the newest were tried."""

    @property
    def difference(self) -> int:
        return self.then - self.now


def of(team: Team, today: Rules, wanted: Rules) -> DryRun:
    """Each file is placed by both, with the draws that routing itself makes."""
    files = now = then = 0
    queues: Counter[str] = Counter()
    added, dropped = [], []
    found = rule_match.ended(team).filter(created_at__gte=Now() - timedelta(days=DAYS))
    found = rule_match.fitted(found, today.ordered, "today")
    found = rule_match.fitted(found, wanted.ordered, "wanted").order_by("-created_at")
    found = found.only("filename", "created_at")
    for row in found[:MOST].iterator(chunk_size=2000):
        files += 1
        is_sent, goes = (
            rule_match.place(rules, row.pk, row.routed, rule_match.fits(row, rules.ordered, prefix))
            for rules, prefix in ((today, "today"), (wanted, "wanted"))
        )
        now += is_sent is not None
        then += goes is not None
        if goes is not None:
            queues[_name_of(goes)] += 1
        if goes is not None and is_sent is None:
            added.append(row)
        elif is_sent is not None and goes is None:
            dropped.append(row)
    seconds = _median_seconds(team)
    return DryRun(
        files=files,
        now=now,
        then=then,
        hours=None if seconds is None else (then - now) * seconds / 3600,
        added=added[:LISTED],
        dropped=dropped[:LISTED],
        queues=sorted(queues.items()),
        is_cut=files == MOST,
    )


def _name_of(placed: Placed) -> str:
    """The name of the queue; empty for the general one."""
    return placed.rule.queue.name if placed.rule and placed.rule.queue else ""


def _median_seconds(team: Team) -> float | None:
    lately = Decision.objects.filter(team=team).order_by("-created_at")
    spent = sorted(lately.values_list("seconds_on_case", flat=True)[:DECIDED_LATELY])
    return float(spent[len(spent) // 2]) if spent else None
