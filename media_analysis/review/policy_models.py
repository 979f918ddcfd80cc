"""What a team decides by: its policies and its reason codes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from media_analysis.review.owned import TeamOwned


class Policy(models.Model):
    """A rule of the team that a decision refers to. Its text is kept with each decision."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="policies")
    name = models.CharField(max_length=100)
    text = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)

    objects = TeamOwned.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="policy_once_a_team")]

    def __str__(self) -> str:
        return self.name


class ReasonCode(models.Model):
    """A reason that a team gives often, chosen by a key. Its name is kept with each decision."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="reason_codes")
    name = models.CharField(max_length=60)
    policy = models.ForeignKey(
        Policy,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Chosen with the code, where no other policy was.",
    )
    is_active = models.BooleanField(default=True)

    objects = TeamOwned.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="reason_code_once_a_team")
        ]

    def __str__(self) -> str:
        return self.name
