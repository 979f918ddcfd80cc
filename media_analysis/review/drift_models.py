"""The monthly comparison of each check with the months before: what was compared, and what
differs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from media_analysis.review.owned import TeamOwned


class Figure(models.TextChoices):
    """As on the page *Quality*."""

    PRECISION = "precision", _("Precision")
    RECALL = "recall", _("Recall")
    INCONCLUSIVE = "inconclusive", _("Inconclusive")
    OVERRIDE = "override", _("Overridden")


class DriftCheck(models.Model):
    """That a month of a team was compared. Once: a second look would find more by chance."""

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="+")
    month = models.DateField(help_text="Its first day, in UTC.")
    tests = models.PositiveSmallIntegerField(help_text="So many figures were compared.")
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TeamOwned.as_manager()

    class Meta:
        ordering = ["-month"]
        constraints = [
            models.UniqueConstraint(fields=["team", "month"], name="one_drift_check_a_month")
        ]

    def __str__(self) -> str:
        return f"{self.team_id} {self.month:%Y-%m}"


class DriftAlarm(models.Model):
    """One figure that differs from the months before by more than chance explains."""

    check_made = models.ForeignKey(DriftCheck, on_delete=models.CASCADE, related_name="alarms")
    detector = models.CharField(max_length=80)
    kind = models.CharField(max_length=20)
    figure = models.CharField(max_length=12, choices=Figure.choices)
    before = models.FloatField()
    before_n = models.PositiveIntegerField()
    now = models.FloatField()
    now_n = models.PositiveIntegerField()
    p_value = models.FloatField(help_text="Adjusted for the number of tests.")

    class Meta:
        ordering = ["p_value", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["check_made", "detector", "kind", "figure"], name="one_alarm_a_figure"
            ),
            models.CheckConstraint(
                name="alarm_figures_are_shares",
                condition=Q(
                    before__range=(0, 1),
                    now__range=(0, 1),
                    p_value__range=(0, 1),
                    figure__in=Figure.values,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.detector} {self.kind}: {self.figure}"
