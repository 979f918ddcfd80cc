"""What a person said of a case: as written, as a draft, within its grace time, and as decided."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from audit import final
from media_analysis.review.owned import TeamOwned
from media_analysis.submissions.outcomes import DecisionOutcome


@dataclass(frozen=True)
class DecisionText:
    """A decision as it was written."""

    outcome: str
    reason: str
    note: str = ""
    policy_id: int | None = None
    codes: tuple[int, ...] = ()
    """Ids of the team's reason codes."""
    confidence: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "note": self.note,
            "policy": self.policy_id,
            "codes": list(self.codes),
            "confidence": self.confidence,
        }

    @classmethod
    def of_dict(cls, values: dict[str, Any]) -> DecisionText:
        return cls(
            values["outcome"],
            values["reason"],
            values["note"],
            values["policy"],
            tuple(values.get("codes") or ()),
            values.get("confidence") or "",
        )

    def are_empty(self) -> bool:
        return not (
            self.outcome or self.policy_id or self.reason.strip() or self.note.strip() or self.codes
        )


class Confidence(models.TextChoices):
    """How sure a person is of the own decision."""

    SURE = "sure", _("Sure")
    FAIRLY = "fairly", _("Fairly sure")
    UNSURE = "unsure", _("Not sure")


class Decision(models.Model):
    """Written once. A case that is opened again gets a further decision; none is altered."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("review.Case", on_delete=models.PROTECT, related_name="decisions")
    fence = models.PositiveIntegerField()
    outcome = models.CharField(max_length=16, choices=DecisionOutcome.choices)
    policy = models.ForeignKey(
        "review.Policy", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    policy_text = models.TextField(blank=True, help_text="As it stood when this was decided.")
    reason = models.CharField(max_length=500)
    note = models.TextField(blank=True, max_length=4000)
    codes = ArrayField(
        models.CharField(max_length=60),
        db_default=[],
        default=list,
        blank=True,
        help_text="The names of the reason codes, as they stood.",
    )
    confidence = models.CharField(
        max_length=8, choices=Confidence.choices, blank=True, default="", db_default=""
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    seconds_on_case = models.FloatField()
    taken_from = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,  # the earlier decision may be erased; this one stays as it was
        related_name="+",
        help_text="The earlier decision about the same bytes that this person took over.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TeamOwned.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["created_at"]
        indexes = [
            models.Index(
                fields=["team", "created_at"],
                include=["decided_by", "seconds_on_case"],
                name="decision_time",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["case", "fence"], name="one_decision_a_claim"),
            models.CheckConstraint(name="decision_gives_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="decision_outcome_known", condition=Q(outcome__in=DecisionOutcome.values)
            ),
        ]
        triggers = [
            final.row("decision_is_final", "a decision is final"),
            final.whole("decisions_stay", "decisions are final"),
        ]

    def __str__(self) -> str:
        return self.get_outcome_display()


class PendingDecision(models.Model):
    """A decision within its grace time: its author can undo it, and nobody is notified yet. After
    that it becomes a `Decision` (`services/grace.py`), and this row is deleted."""

    case = models.OneToOneField("review.Case", on_delete=models.PROTECT, related_name="pending")
    fence = models.PositiveIntegerField(help_text="Of the hold in which it was written.")
    words = models.JSONField()
    reason = models.CharField(max_length=500)
    code_names = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    policy = models.ForeignKey(
        "review.Policy", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    policy_text = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    who = models.JSONField(help_text="Who decided, as the record will say it.")
    taken_from = models.ForeignKey(
        Decision,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    written_at = models.DateTimeField(db_default=Now(), editable=False)
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["due_at"]
        constraints = [
            models.CheckConstraint(name="pending_gives_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"pending decision of {self.case_id}"


class Draft(models.Model):
    """What a moderator wrote and has not saved as a decision. Kept for them alone."""

    case = models.ForeignKey("review.Case", on_delete=models.CASCADE, related_name="drafts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    words = models.JSONField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    saved_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "author"], name="one_draft_a_case_and_author")
        ]

    def __str__(self) -> str:
        return f"draft for {self.case_id}"
