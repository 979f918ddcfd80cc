"""How many submissions were received in each calendar month."""

from __future__ import annotations

from django.db import models


class _Count(models.Model):
    """It only grows: a submission that is erased later was received all the same."""

    month = models.DateField(help_text="Its first day, in UTC.")
    used = models.PositiveIntegerField()
    quota = models.PositiveIntegerField(
        null=True, help_text="The quota when the newest of them was received; empty: no limit."
    )
    told_at = models.PositiveIntegerField(
        null=True, help_text="What `used` was when this quota's 80 % or 100 % was last told."
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.used}"


class MonthCount(_Count):
    """The monthly count of a team and of each partner."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    service = models.ForeignKey(
        "accounts.ServiceAccount",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The partner; empty: everybody who sends into the team.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "service", "month"],
                nulls_distinct=False,
                name="one_count_a_sender_and_month",
            ),
            models.CheckConstraint(
                condition=models.Q(month__day=1), name="count_is_of_a_calendar_month"
            ),
            models.CheckConstraint(
                condition=models.Q(told_at=None) | models.Q(told_at__lte=models.F("used")),
                name="count_was_told_as_it_was_reached",
            ),
        ]


class KeyMonthCount(_Count):
    """The monthly count of a key and of those that replaced it. A table of its own, because the
    statement that counts names the columns of its constraint, also that of an earlier release."""

    key = models.ForeignKey(
        "accounts.ApiKey",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The first of the keys that replaced each other.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "month"], name="one_count_a_key_and_month"),
            models.CheckConstraint(
                condition=models.Q(month__day=1), name="keys_count_is_of_a_calendar_month"
            ),
            models.CheckConstraint(
                condition=models.Q(told_at=None) | models.Q(told_at__lte=models.F("used")),
                name="keys_count_was_told_as_it_was_reached",
            ),
        ]
