"""Appeals: whoever sent the media objects to the decision about it, and another person decides."""

from __future__ import annotations

import uuid
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from audit import final
from media_analysis.review.owned import TeamOwned

LONGEST = 4000


class AppealState(models.TextChoices):
    OPEN = "open", _("Open")
    ANSWERED = "answered", _("Answered")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class AppealOutcome(models.TextChoices):
    UPHELD = "upheld", _("The decision stands")
    CHANGED = "changed", _("The decision was changed")


OPEN = Q(answered_at=None, withdrawn_at=None)


class AppealQuerySet(TeamOwned):
    def open(self) -> AppealQuerySet:
        return self.filter(OPEN)


class Appeal(models.Model):
    """An objection to one decision. While it is open its case waits, and no decision is in force.
    It ends with a further decision, or is withdrawn: then the decision stands again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("review.Case", on_delete=models.PROTECT, related_name="appeals")
    decision = models.ForeignKey(
        "review.Decision",
        on_delete=models.PROTECT,
        related_name="appeals",
        help_text="The one that it objects to.",
    )
    text = models.TextField(max_length=LONGEST)
    made_by = models.CharField(max_length=80, help_text="Kind and id, as in the record.")
    key = models.CharField(
        max_length=255, blank=True, default="", help_text="The `Idempotency-Key` of the request."
    )
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.OneToOneField(
        "review.Decision",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="answered_appeal",
        help_text="The further decision.",
    )
    outcome = models.CharField(max_length=7, choices=AppealOutcome.choices, blank=True, default="")

    objects = AppealQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-id"]
        indexes = [
            models.Index(fields=["team", "made_at"], name="appeal_of_team"),
            models.Index(fields=["team", "made_at"], condition=OPEN, name="appeal_open"),
        ]
        constraints = [
            # A case has one decision in force at most: one open appeal a case is one a decision.
            models.UniqueConstraint(fields=["case"], condition=OPEN, name="one_open_appeal_a_case"),
            models.UniqueConstraint(
                fields=["made_by", "key"], condition=~Q(key=""), name="one_appeal_a_caller_and_key"
            ),
            models.CheckConstraint(name="appeal_gives_reason", condition=~Q(text="")),
            models.CheckConstraint(
                name="appeal_ends_in_one_way",
                condition=Q(answered_at=None, answer=None, outcome="")
                | Q(
                    answered_at__isnull=False,
                    answer__isnull=False,
                    outcome__in=AppealOutcome.values,
                    withdrawn_at=None,
                ),
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="appeal_ends_once",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="""
                    IF (OLD.answered_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL)
                            AND NEW IS DISTINCT FROM OLD THEN
                        RAISE EXCEPTION 'an appeal that has ended is final'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            final.columns(
                "appeal_is_final",
                "an appeal is final",
                *("id", "team_id", "case_id", "decision_id", "text", "made_by", "key", "made_at"),
            ),
            final.whole("appeals_stay", "appeals are final"),
        ]

    def __str__(self) -> str:
        return f"appeal against {self.decision_id}"

    @property
    def state(self) -> AppealState:
        if self.withdrawn_at:
            return AppealState.WITHDRAWN
        return AppealState.ANSWERED if self.answered_at else AppealState.OPEN
