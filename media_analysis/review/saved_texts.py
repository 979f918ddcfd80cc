"""Texts that a team's people put into the reason or the note of a decision."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from media_analysis.review.owned import TeamOwned

LONGEST_NAME, LONGEST_TEXT = 30, 500


class SavedText(models.Model):
    """Inserted as it stands then; a decision keeps what was written, and not where it came from."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="saved_texts")
    name = models.CharField(max_length=LONGEST_NAME, help_text="Typed after a slash.")
    text = models.CharField(max_length=LONGEST_TEXT)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TeamOwned.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="saved_text_once_a_team"),
            models.CheckConstraint(
                name="saved_text_is_whole",
                condition=Q(name__regex=r"^[a-z0-9][a-z0-9-]*$") & ~Q(text=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name
