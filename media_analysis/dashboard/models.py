"""What the dashboard counts: one narrow row for each analysis that ended, side by side in time.

The figures of a day are read from one index of one table, however large the results store is.
Nothing here names media or a person, so nothing here has to be erased with them.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.roles import Permission


class How(models.TextChoices):
    VERDICT = "verdict", _("Verdict given")
    REJECTED = "rejected", _("Rejected")
    SET_ASIDE = "set_aside", _("Needs attention")


class EndingQuerySet(models.QuerySet[Any]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_DASHBOARD
    ) -> EndingQuerySet:
        return self.filter(team_id__in=actor.team_ids(permission))


class Ending(models.Model):
    """An analysis ended. What was set aside and tried again ends a second time."""

    team = models.ForeignKey(
        "accounts.Team", on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    ended_at = models.DateTimeField(db_default=Now(), editable=False)
    how = models.CharField(max_length=10, choices=How.choices)
    code = models.CharField(max_length=60, blank=True, help_text="Why there is no verdict.")
    seconds = models.FloatField(help_text="Since the analysis was ordered, waiting included.")
    waited = models.FloatField(
        null=True, help_text="Of these, until a worker took it the last time; none if none did."
    )

    objects = EndingQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["team", "ended_at"], include=["how", "code", "seconds"], name="ending_time"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="ending_known", condition=models.Q(how__in=How.values, seconds__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.how} {self.code}".strip()
