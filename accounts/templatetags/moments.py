"""Points in time as every page shows them: in UTC, as the reader's language writes dates."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DAYS_IN_WORDS = 30
"""Longer ago than this, a date says more."""

register = template.Library()


def _time(moment: datetime | None, form: str, ending: str = "") -> SafeString | str:
    if not moment:
        return ""
    text = date_format(moment, form) + ending
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), text)


@register.filter(expects_localtime=True)
def moment(value: datetime | None) -> SafeString | str:
    """`2026-11-20 16:41 UTC`."""
    return _time(value, "SHORT_DATETIME_FORMAT", " UTC")


@register.filter(expects_localtime=True)
def second(value: datetime | None) -> SafeString | str:
    """`2026-11-20 16:41:07 UTC`."""
    return _time(value, "DATETIME_FORMAT", " UTC")


@register.filter(expects_localtime=True)
def hour(value: datetime | None) -> SafeString | str:
    """`16:41 UTC`."""
    return _time(value, "TIME_FORMAT", " UTC")


@register.filter(expects_localtime=True)
def day(value: datetime | None) -> SafeString | str:
    """`2026-11-20`."""
    return _time(value, "SHORT_DATE_FORMAT")


@register.filter(expects_localtime=True)
def age(value: datetime | None) -> SafeString | str:
    """`5 min ago`, and `in 2 h` of what is to come; the title is exact (`static/js/times.js`)."""
    if not value:
        return ""
    exact = date_format(value, "SHORT_DATETIME_FORMAT") + " UTC"
    return format_html(
        '<time datetime="{}" title="{}" data-age>{}</time>', value.isoformat(), exact, _ago(value)
    )


def _ago(value: datetime) -> str:
    since = timezone.now() - value
    length = abs(since)
    if length < MINUTE:
        return gettext("just now")
    if length >= DAYS_IN_WORDS * DAY:
        return date_format(value, "SHORT_DATE_FORMAT")
    if length < HOUR:
        span = gettext("{n} min").format(n=length // MINUTE)
    elif length < DAY:
        span = gettext("{n} h").format(n=length // HOUR)
    else:
        days = length // DAY
        span = ngettext("{n} day", "{n} days", days).format(n=days)
    text = gettext("{span} ago") if since > timedelta() else gettext("in {span}")
    return text.format(span=span)
