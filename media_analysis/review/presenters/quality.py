"""Figures in words: the value, its interval and the number of cases."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext

from accounts.models import ServiceAccount
from media_analysis.review.drift_models import DriftAlarm, DriftCheck
from media_analysis.review.measures import Measure
from media_analysis.review.search import agreement, appeals, detector_quality
from media_analysis.review.search import golden as search
from media_analysis.review.services.drift import month_ended
from ml import language
from ml.language import number

Shown = dict[str, Any]


def cell(measure: Measure) -> Shown:
    if measure.value is None:
        return {"value": "–", "interval": "", "n": measure.n}
    if measure.low is None or measure.high is None:
        interval = gettext("no interval")
        return {"value": number(measure.value, 2), "interval": interval, "n": measure.n}
    low, high = number(measure.low, 2), number(measure.high, 2)
    return {
        "value": number(measure.value, 2),
        "interval": gettext("{low} to {high}").format(low=low, high=high),
        "n": measure.n,
    }


def agreements(teams: Collection[UUID]) -> list[dict[str, Any]]:
    """By kind and by policy; a table each."""
    found = agreement.pairs(teams)
    tables = [
        ("", agreement.by(found, lambda pair: gettext("All"))),
        (gettext("By kind"), agreement.by(found, lambda pair: _kind(pair.kind))),
        (gettext("By policy"), agreement.by(found, lambda pair: pair.policy or gettext("none"))),
    ]
    return [
        {
            "name": name,
            "lines": [
                {"name": one.name, "kappa": cell(one.kappa), "same": cell(one.same)}
                for one in lines
            ],
        }
        for name, lines in tables
        if lines
    ]


def _kind(kind: str) -> str:
    return {
        "image": gettext("Image"), "video": gettext("Video"), "audio": gettext("Sound"),
    }.get(kind, kind)  # fmt: skip


def golden(teams: Collection[UUID]) -> list[tuple[str, Shown]]:
    """How often each person was right about golden cases; the first line is of all."""
    return [(name or gettext("All"), cell(one)) for name, one in search.by_person(teams)]


def appealed(teams: Collection[UUID]) -> list[dict[str, Any]]:
    """A line for each span of days; none where nobody appealed."""
    found = appeals.figures(teams)
    if not found[-1].made:
        return []
    return [
        {"days": one.days, "made": one.made, "open": one.open, "withdrawn": one.withdrawn,
         "changed": cell(one.changed)}
        for one in found
    ]  # fmt: skip


def detectors(
    teams: Collection[UUID], month: datetime | None, partner: ServiceAccount | None = None
) -> list[dict[str, Any]]:
    if month is None:
        return []
    return [
        {
            "name": language.check_name(one.detector),
            "kind": _kind(one.kind),
            "mean_probability": ""
            if one.mean_probability is None
            else number(one.mean_probability, 2),
            **{
                name: cell(getattr(one, name))
                for name in ("precision", "recall", "inconclusive", "override", "decided")
            },
        }
        for one in detector_quality.of(teams, month, partner)
    ]


def drift(teams: Collection[UUID]) -> list[dict[str, Any]]:
    """The newest monthly comparison of each team, with its alarms."""
    ended = month_ended(timezone.now()).date()
    checks = DriftCheck.objects.filter(team__in=teams, month=ended)
    return [
        {
            "team": one.team,
            "month": format_date(one.month, "F Y"),
            "tests": one.tests,
            "alarms": [_alarm(alarm) for alarm in one.alarms.all()],
        }
        for one in checks.select_related("team").prefetch_related("alarms").order_by("team__name")
    ]


def _alarm(alarm: DriftAlarm) -> dict[str, Any]:
    return {
        "check": language.check_name(alarm.detector),
        "kind": _kind(alarm.kind),
        "figure": alarm.get_figure_display(),
        "before": number(alarm.before, 2),
        "before_n": alarm.before_n,
        "now": number(alarm.now, 2),
        "now_n": alarm.now_n,
        "p": f"< {number(0.001, 3)}" if alarm.p_value < 0.001 else number(alarm.p_value, 3),
    }


def month_chosen(value: str, months: Collection[datetime]) -> datetime | None:
    """The month that was asked for, as 2026-11, or the newest in which something was decided."""
    found = next((one for one in months if f"{one:%Y-%m}" == value), None)
    return found or next(iter(months), None)


def month_names(months: Collection[datetime]) -> list[tuple[str, str]]:
    return [(f"{one:%Y-%m}", format_date(one, "F Y")) for one in months]
