"""How much of the monthly quotas is used: of a team, of its partners and of their keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiKey, ServiceAccount, Team
from media_analysis.submissions.models import KeyMonthCount, MonthCount
from media_analysis.submissions.services import quotas


@dataclass(frozen=True)
class Used:
    owner: Team | ServiceAccount | ApiKey
    """Of keys that replaced each other, the newest."""
    month: date
    used: int
    quota: int | None
    """None: no limit."""

    @property
    def partner(self) -> ServiceAccount | None:
        """Whose key it is."""
        return self.owner.service if isinstance(self.owner, ApiKey) else None

    @property
    def remaining(self) -> int | None:
        return None if self.quota is None else max(self.quota - self.used, 0)

    @property
    def percent(self) -> float | None:
        if self.quota is None:
            return None
        return min(100 * self.used / self.quota, 100.0) if self.quota else 100.0


def this_month(
    team: Team, partners: Iterable[ServiceAccount], keys: Iterable[ApiKey] = ()
) -> list[Used]:
    """The team's first, each partner's before those of its keys, under the quotas of today. Keys
    that replaced each other are one."""
    month = quotas.month_of(timezone.now())
    lines = {key.counted_as_id: key for key in sorted(keys, key=lambda key: key.created_at)}
    used = quotas.used_in(team, month) | quotas.used_by(lines.values(), month)
    found = [Used(team, month, used.get(None, 0), team.quota)]
    for one in partners:
        found.append(Used(one, month, used.get(one.pk, 0), one.quota))
        found += [
            Used(key, month, used.get(first, 0), key.counted_as.quota)
            for first, key in lines.items()
            if key.service_id == one.pk
        ]
    return found


def earlier_months(team: Team) -> list[Used]:
    """Those of a year, the newest first, the team before its partners and each of these before its
    keys, each under the quota that it had."""
    now = quotas.month_of(timezone.now())
    within = Q(month__lt=now, month__gte=now.replace(year=now.year - 1))
    rows = MonthCount.objects.filter(within, team=team).select_related("service")
    found = [Used(row.service or team, row.month, row.used, row.quota) for row in rows]
    of_keys = list(KeyMonthCount.objects.filter(within, key__service__team=team))
    newest = _newest({row.key_id for row in of_keys})
    found += [Used(newest[row.key_id], row.month, row.used, row.quota) for row in of_keys]
    return sorted(found, key=lambda one: (-one.month.toordinal(), *_place(one, team)))


def next_month() -> date:
    """When the counts restart: the first day of the month in UTC."""
    return quotas.next_month(quotas.month_of(timezone.now()))


def _newest(firsts: set[UUID]) -> dict[UUID, ApiKey]:
    lines = ApiKey.objects.filter(Q(pk__in=firsts) | Q(counts_with__in=firsts))
    return {
        key.counted_as_id: key for key in lines.select_related("service").order_by("created_at")
    }


def _place(one: Used, team: Team) -> tuple[bool, str, str]:
    if one.owner == team:
        return False, "", ""
    return True, str(one.partner or one.owner), str(one.owner) if one.partner else ""
