"""Numbers as words and as bars. The drawing repeats the table beside it and adds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext

from ml.language import number

HEIGHT = 100


def span(length: float | timedelta | None) -> str:
    """A length of time in at most two units, as people say it."""
    if length is None:
        return "–"
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if seconds < 0.1:
        return gettext("under {limit} s").format(limit=number(0.1, 1))
    if seconds < 10:
        return f"{number(seconds, 1)} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86_400
    if minutes < 120:
        return f"{minutes} min {whole % 60} s"
    if hours < 48:
        return f"{hours} h {minutes % 60} min"
    return gettext("{days} days {hours} h").format(days=days, hours=hours % 24)


@dataclass(frozen=True)
class Bar:
    x: float
    width: float
    verdict_y: float
    verdict_height: float
    other_y: float
    other_height: float
    """Rejected and set aside, on top of the verdicts."""


def bars(pairs: Sequence[tuple[int, int]]) -> list[Bar]:
    """(verdicts, others) of each slot, scaled to the tallest."""
    tallest = max((a + b for a, b in pairs), default=0) or 1
    drawn = []
    for place, (verdicts, others) in enumerate(pairs):
        low, high = verdicts * HEIGHT / tallest, others * HEIGHT / tallest
        drawn.append(
            Bar(
                x=place * 10 + 1,
                width=8,
                verdict_y=round(HEIGHT - low, 2),
                verdict_height=round(low, 2),
                other_y=round(HEIGHT - low - high, 2),
                other_height=round(high, 2),
            )
        )
    return drawn
