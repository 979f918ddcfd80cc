"""A backfill: stored media analysed again by the current engine.

Verdicts in force stay; the new one is a further analysis. Each submission of a backfill is a
background job, so that no new upload waits for it.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.roles import Permission
from audit import final
from jobs.models import LeasedJob, State

MOST_AT_ONCE = 10_000
MOST_PER_HOUR = 10_000_000


class Stage(models.TextChoices):
    PLANNED = "planned", _("Planned")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    CANCELLED = "cancelled", _("Cancelled")
    DONE = "done", _("Done")


UNFINISHED = (Stage.PLANNED, Stage.RUNNING, Stage.PAUSED)


class BackfillQuerySet(models.QuerySet["Backfill"]):
    def for_actor(self, actor: Actor) -> BackfillQuerySet:
        """Site administrators see all. A lead sees those that reach a team of theirs."""
        if actor.is_site_admin:
            return self
        mine = actor.team_ids(Permission.VIEW_DASHBOARD)
        return self.filter(Q(team__isnull=True) | Q(team__in=mine)) if mine else self.none()


class Backfill(models.Model):
    """One run: what it takes, how fast it may go, how far it is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(
        "accounts.Team",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: all teams.",
    )
    selection: models.JSONField[Any, Any] = models.JSONField(
        help_text="Which submissions; `selection.py` reads it."
    )
    engine_version = models.CharField(
        max_length=60, help_text="What this version has already analysed is skipped."
    )
    estimate: models.JSONField[Any, Any] = models.JSONField(
        help_text="What was counted when it was planned."
    )
    ordered_by = models.CharField(max_length=80, help_text="Kind and id, as in the record.")
    state = models.CharField(max_length=10, choices=Stage.choices, default=Stage.PLANNED)
    at_once = models.PositiveIntegerField(help_text="How many may wait in the queue.")
    per_hour = models.PositiveIntegerField(null=True, help_text="Empty: as fast as workers go.")
    planned_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cursor = models.UUIDField(null=True, help_text="The last submission that was looked at.")
    next_at = models.DateTimeField(null=True, help_text="When the rate allows the next one.")
    is_exhausted = models.BooleanField(default=False, help_text="All were looked at.")
    ordered = models.PositiveIntegerField(default=0, help_text="How many were queued.")
    skipped: models.JSONField[Any, Any] = models.JSONField(
        default=dict, help_text="How many were not queued, by reason."
    )

    objects = BackfillQuerySet.as_manager()

    class Meta:
        ordering = ["-planned_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="backfill_state_has_its_times",
                condition=Q(state=Stage.PLANNED, started_at__isnull=True, ended_at__isnull=True)
                | Q(
                    state__in=(Stage.RUNNING, Stage.PAUSED),
                    started_at__isnull=False,
                    ended_at__isnull=True,
                )
                | Q(state=Stage.CANCELLED, ended_at__isnull=False)
                | Q(state=Stage.DONE, started_at__isnull=False, ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="backfill_goes_forward_within_bounds",
                condition=Q(at_once__gte=1, at_once__lte=MOST_AT_ONCE)
                & (Q(per_hour__isnull=True) | Q(per_hour__gte=1, per_hour__lte=MOST_PER_HOUR)),
            ),
        ]
        triggers: ClassVar = [
            final.columns(
                "backfill_is_of_one_selection",
                "what a backfill takes is final",
                *("id", "team_id", "selection", "engine_version", "ordered_by", "planned_at"),
            ),
            final.whole("backfills_stay", "backfills are final"),
        ]

    def __str__(self) -> str:
        return f"backfill {self.pk}: {self.state}"

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED


class BackfillItemQuerySet(models.QuerySet["BackfillItem"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_SUBMISSIONS
    ) -> BackfillItemQuerySet:
        return self.filter(submission__team__in=actor.team_ids(permission))


class BackfillItem(LeasedJob):
    """One submission of a backfill. Done: `after` is the new analysis, and the one that was in
    force when this was ordered is `before`. Cancelled: `reason_code` says why nothing was done."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Backfill, on_delete=models.PROTECT, related_name="items")
    submission = models.ForeignKey(
        "submissions.Submission", on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(max_length=8, help_text="Of the media.")
    before = models.ForeignKey("ml.Analysis", on_delete=models.PROTECT, related_name="+")
    after = models.ForeignKey("ml.Analysis", null=True, on_delete=models.PROTECT, related_name="+")

    objects = BackfillItemQuerySet.as_manager()

    class Meta(LeasedJob.Meta):
        constraints = [
            *LeasedJob.Meta.constraints,
            models.UniqueConstraint(fields=["run", "submission"], name="backfilled_once_a_run"),
            models.CheckConstraint(
                name="backfilled_has_a_further_analysis",
                condition=Q(state=State.DONE, after__isnull=False)
                | (~Q(state=State.DONE) & Q(after__isnull=True)),
            ),
            models.CheckConstraint(
                name="backfill_keeps_the_earlier_analysis",
                condition=Q(after__isnull=True) | ~Q(after=F("before")),
            ),
        ]
        indexes = [
            *LeasedJob.Meta.indexes,
            models.Index(
                fields=["kind", "turn_at"],
                condition=Q(state=State.QUEUED),
                name="backfillitem_kind_idx",
            ),
            models.Index(fields=["run", "state"], name="backfill_state_idx"),
        ]
        triggers: ClassVar = [
            *LeasedJob.Meta.triggers,
            # Deletion is left to erasing, as for other rows that no event speaks of.
            pgtrigger.Trigger(
                name="backfilled_is_final",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF TG_OP = 'UPDATE' AND NEW IS DISTINCT FROM OLD AND (
                        OLD.state IN ('done', 'cancelled')
                        OR ROW(OLD.id, OLD.run_id, OLD.submission_id, OLD.before_id, OLD.kind)
                            IS DISTINCT FROM
                            ROW(NEW.id, NEW.run_id, NEW.submission_id, NEW.before_id, NEW.kind)
                    ) THEN
                        RAISE EXCEPTION 'what a backfill found is final'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.after_id IS NOT NULL AND NOT EXISTS (
                        SELECT FROM ml_analysis
                        WHERE id = NEW.after_id AND chain = NEW.submission_id
                    ) THEN
                        RAISE EXCEPTION 'that analysis is of another submission'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.state}"
