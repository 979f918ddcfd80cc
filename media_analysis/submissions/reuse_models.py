"""Whether a team takes over results of bytes that it had analysed before."""

from __future__ import annotations

from django.db import models


class ReuseRule(models.Model):
    """A team without one analyses every file."""

    team = models.OneToOneField(
        "accounts.Team", on_delete=models.CASCADE, related_name="reuse_rule"
    )
    is_on = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return f"reuse in {self.team_id}: {'on' if self.is_on else 'off'}"
