"""Drift of checks: each month is compared with the six months before it.

For each check, kind of media and figure: Fisher's exact test of two proportions, two-sided, and
Holm's correction over all tests of the team and month. So a team whose checks do not change gets an
alarm in at most 5 % of its months. Figures that are weighted by spot checks are not compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp, isclose, lgamma
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from media_analysis.review.drift_models import DriftAlarm, DriftCheck, Figure
from media_analysis.review.measures import Weights
from media_analysis.review.models import Decision
from media_analysis.review.search import detector_quality
from media_analysis.review.search.detector_quality import Cells

LEVEL = 0.05
"""In how many months without change a team may get an alarm all the same."""
LEAST = 30
"""Cases on each side: with fewer, a figure is not compared."""
LEAST_DIFFERENCE = 0.05
"""A smaller one is no reason to act, however certain it is."""
MONTHS_BEFORE = 6


@dataclass(frozen=True)
class Compared:
    detector: str
    kind: str
    figure: str
    before: float
    before_n: int
    now: float
    now_n: int
    p_value: float


@dataclass(frozen=True)
class Looked:
    tests: int
    alarms: Sequence[Compared]


By = Mapping[tuple[str, str], Cells]
"""What was answered and decided, by check and kind of media."""


def look(before: By, now: By) -> Looked:
    tests = [
        one
        for name in sorted(before.keys() & now.keys())
        for figure in Figure.values
        if (one := _compared(name, figure, before[name], now[name]))
    ]
    adjusted = zip(tests, holm([one.p_value for one in tests]), strict=True)
    alarms = [
        Compared(**{**vars(one), "p_value": p})
        for one, p in adjusted
        if p <= LEVEL and abs(one.now - one.before) >= LEAST_DIFFERENCE
    ]
    return Looked(len(tests), sorted(alarms, key=lambda one: one.p_value))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted, in the order given."""
    adjusted, most = [0.0] * len(p_values), 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        most = max(most, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = most
    return adjusted


def run_due() -> int:
    """A duty: the month that ended last, of each team that decided something in it, once. Returns
    how many teams were looked at."""
    month = month_ended(timezone.now())
    until = shifted(month, 1)
    made = Decision.objects.filter(created_at__gte=month, created_at__lt=until)
    known = DriftCheck.objects.filter(month=month.date()).values("team")
    teams = made.exclude(team__in=known).filter(team__live_team__isnull=True)
    return sum(_of_team(pk, month) for pk in set(teams.order_by().values_list("team", flat=True)))


def month_ended(now: datetime) -> datetime:
    """The first moment of the month before this one."""
    return shifted(now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), -1)


def shifted(first: datetime, months: int) -> datetime:
    """The first moment of a month so many months later."""
    place = first.year * 12 + first.month - 1 + months
    return first.replace(year=place // 12, month=place % 12 + 1)


@transaction.atomic
def _of_team(team_id: UUID, month: datetime) -> bool:
    """False where another worker was first."""
    until = shifted(month, 1)
    since = shifted(month, -MONTHS_BEFORE)
    found = look(
        detector_quality.between([team_id], since, month),
        detector_quality.between([team_id], month, until),
    )
    check, made = DriftCheck.objects.get_or_create(
        team_id=team_id, month=month.date(), defaults={"tests": found.tests}
    )
    if made:
        DriftAlarm.objects.bulk_create(
            DriftAlarm(check_made=check, **vars(one)) for one in found.alarms
        )
    return made


def _compared(name: tuple[str, str], figure: str, before: Cells, now: Cells) -> Compared | None:
    """None where too little was decided on either side."""
    (part0, whole0), (part1, whole1) = (
        detector_quality.parts(cells)[figure] for cells in (before, now)
    )
    if not (_is_comparable(whole0) and _is_comparable(whole1)):
        return None
    k0, n0, k1, n1 = part0.n, whole0.n, part1.n, whole1.n
    return Compared(
        *name, figure, k0 / n0, n0, k1 / n1, n1, _fisher([[k0, n0 - k0], [k1, n1 - k1]])
    )


def _is_comparable(whole: Weights) -> bool:
    """Enough cases, all of one weight: where spot checks weigh more, chance alone would alarm far
    too often."""
    one_weight = isclose(whole.sum**2, whole.n * whole.squares)
    return whole.n >= LEAST and one_weight


def _fisher(table: Sequence[Sequence[int]]) -> float:
    """Two-sided, as SciPy's `fisher_exact` says, without importing it and in a tenth of the time:
    the share of all tables with these sums that are no likelier than this one."""
    (a, b), (c, d) = table
    row, column, other = a + b, a + c, c + d
    first = max(0, column - other)
    tables = ((x, row - x, column - x, other - column + x)
              for x in range(first, min(row, column) + 1))  # fmt: skip
    logs = [-sum(lgamma(cell + 1) for cell in cells) for cells in tables]
    this = logs[a - first] + 1e-9  # as likely as this one, but for rounding
    most = max(logs)
    unlikelier = sum(exp(one - most) for one in logs if one <= this)
    return min(1.0, unlikelier / sum(exp(one - most) for one in logs))
