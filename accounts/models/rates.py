"""How many requests per minute and submissions per month a team, a partner or a key may send."""

from __future__ import annotations

from django.db import models

HIGHEST_RATE = 1_000_000
_HELP = "Requests per minute; empty: "


def rate(otherwise: str) -> models.PositiveIntegerField[int | None, int | None]:
    return models.PositiveIntegerField(null=True, blank=True, help_text=_HELP + otherwise)


def monthly_quota() -> models.PositiveIntegerField[int | None, int | None]:
    return models.PositiveIntegerField(
        null=True, blank=True, help_text="Submissions per calendar month (UTC); empty: no limit."
    )


def rates_in_range(name: str) -> models.CheckConstraint:
    def fits(field: str) -> models.Q:
        return models.Q(**{field: None}) | models.Q(**{f"{field}__range": (1, HIGHEST_RATE)})

    return models.CheckConstraint(condition=fits("read_rate") & fits("write_rate"), name=name)
