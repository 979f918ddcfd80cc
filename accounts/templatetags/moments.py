"""Points in time as every page shows them: in UTC, as the reader's language writes dates."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

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
