"""How much of the monthly quotas is used: of a team, and of its partners."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from accounts.models import ServiceAccount, Team
from media_analysis.submissions.models import MonthCount
from media_analysis.submissions.services import quotas


@dataclass(frozen=True)
class Used:
    owner: Team | ServiceAccount
    month: date
    used: int
    quota: int | None
    """None: no limit."""

    @property
    def remaining(self) -> int | None:
        return None if self.quota is None else max(self.quota - self.used, 0)

    @property
    def percent(self) -> float | None:
        if self.quota is None:
            return None
        return min(100 * self.used / self.quota, 100.0) if self.quota else 100.0


def this_month(team: Team, partners: Iterable[ServiceAccount]) -> list[Used]:
    """The team's first, under the quotas of today."""
    month = quotas.month_of(timezone.now())
    used = quotas.used_in(team, month)
    return [
        Used(team, month, used.get(None, 0), team.quota),
        *(Used(one, month, used.get(one.pk, 0), one.quota) for one in partners),
    ]


def earlier_months(team: Team) -> list[Used]:
    """Those of a year, the newest first, the team before its partners, each under the quota that it
    had."""
    now = quotas.month_of(timezone.now())
    a_year_ago = now.replace(year=now.year - 1)
    rows = MonthCount.objects.filter(team=team, month__lt=now, month__gte=a_year_ago)
    rows = rows.select_related("service").order_by("-month", "service__name")
    found = [Used(row.service or team, row.month, row.used, row.quota) for row in rows]
    return sorted(found, key=lambda one: (-one.month.toordinal(), one.owner is not team))


def next_month() -> date:
    """When the counts restart: the first day of the month in UTC."""
    return quotas.next_month(quotas.month_of(timezone.now()))
