"""How long submissions are kept: legal holds, retention rules, and erasures with their proof."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.roles import Permission
from audit import final


class HoldQuerySet(models.QuerySet["Hold"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_SUBMISSIONS
    ) -> HoldQuerySet:
        return self.filter(submission__team__in=actor.team_ids(permission))

    def in_force(self) -> HoldQuerySet:
        return self.filter(lifted_at__isnull=True)


class Hold(models.Model):
    """A legal hold: while it stands, nothing erases the submission. The database sees to that: the
    row of a in_force hold cannot be deleted, and it points at the submission."""

    submission = models.ForeignKey(
        "submissions.Submission", on_delete=models.PROTECT, related_name="holds"
    )
    reason = models.CharField(max_length=500)
    placed_by = models.CharField(max_length=80, help_text="Kind and id, as in the record.")
    placed_at = models.DateTimeField(db_default=Now(), editable=False)
    lifted_by = models.CharField(max_length=80, blank=True, default="")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.CharField(max_length=500, blank=True, default="")

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission"], condition=Q(lifted_at__isnull=True), name="one_standing_hold"
            ),
            models.CheckConstraint(
                name="hold_is_lifted_by_somebody",
                condition=Q(lifted_at__isnull=True, lifted_by="", lift_reason="")
                | Q(lifted_at__isnull=False) & ~Q(lifted_by="") & ~Q(lift_reason=""),
            ),
            models.CheckConstraint(name="hold_gives_reason", condition=~Q(reason="")),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="standing_hold_wins",
                operation=pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.Before,
                func="""
                    IF TG_OP = 'DELETE' AND OLD.lifted_at IS NULL THEN
                        RAISE EXCEPTION 'a legal hold stands' USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'UPDATE' AND OLD.lifted_at IS NOT NULL
                            AND NEW IS DISTINCT FROM OLD THEN
                        RAISE EXCEPTION 'a hold that was lifted is final'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN coalesce(NEW, OLD);
                """,
            ),
            final.columns(
                "hold_is_final",
                "a legal hold is final",
                *("id", "submission_id", "reason", "placed_by", "placed_at"),
            ),
            final.whole("holds_stay", "legal holds are final"),
        ]

    def __str__(self) -> str:
        return f"legal hold on {self.submission_id}"


class Because(models.TextChoices):
    REQUEST = "request", _("Deletion request")
    RETENTION = "retention", _("Retention rule")
    OPERATOR = "operator", _("Operator")


class Waits(models.TextChoices):
    """Why an erasure that is due has not happened."""

    HELD = "held", _("The submission is under a legal hold.")
    UNDER_WAY = "under_way", _("An analysis is being cancelled.")
    STORE = "store", _("The media store does not answer.")


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_SUBMISSIONS
    ) -> ErasureQuerySet:
        return self.filter(team__in=actor.team_ids(permission))

    def not_begun(self) -> ErasureQuerySet:
        """Nothing is erased yet."""
        return self.filter(deleted_at__isnull=True)


class Erasure(models.Model):
    """That a submission is to be erased, how far that is, and in the end the proof that it was.

    It names nobody and no media: team, ids, counts and the hashes of erased bytes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    submission = models.UUIDField(unique=True, help_text="No key: the proof outlives it.")
    because = models.CharField(max_length=10, choices=Because.choices)
    ordered_by = models.CharField(max_length=80, help_text="Kind and id, as in the record.")
    ordered_at = models.DateTimeField(db_default=Now(), editable=False)
    due_at = models.DateTimeField(db_default=Now())
    waits = models.CharField(max_length=10, choices=Waits.choices, blank=True, default="")
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="The rows are gone.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="The bytes are gone too.")
    blobs: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Hashes of the bytes that have to go."""
    counts: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """How many rows of each table were deleted."""
    shared = models.PositiveSmallIntegerField(
        default=0, help_text="Files that stay, because another submission needs them."
    )

    objects = ErasureQuerySet.as_manager()

    class Meta:
        ordering = ["-ordered_at", "-id"]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(ended_at__isnull=True), name="erasure_not_ended"
            ),
            models.Index(fields=["team", "-ended_at"], name="erasure_of_team"),
        ]
        constraints = [
            models.CheckConstraint(
                name="erasure_ends_after_its_rows",
                condition=Q(ended_at__isnull=True) | Q(deleted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"erasure of {self.submission}"


class MediaKind(models.TextChoices):
    IMAGE = "image", _("Images")
    VIDEO = "video", _("Videos")
    AUDIO = "audio", _("Sounds")


class RetentionRule(models.Model):
    """Submissions of this kind are erased so many days after they came in. No rule: they stay."""

    team = models.ForeignKey(
        "accounts.Team", on_delete=models.CASCADE, related_name="retention_rules"
    )
    kind = models.CharField(max_length=8, choices=MediaKind.choices)
    days = models.PositiveIntegerField()

    class Meta:
        ordering = ["team", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["team", "kind"], name="one_retention_rule_a_kind"),
            models.CheckConstraint(
                name="retention_is_at_least_a_day", condition=Q(days__gte=1, days__lte=36_500)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.days} days"


class Part(models.TextChoices):
    """What a rule can remove before the whole submission is erased."""

    ORIGINAL = "original", _("Original")
    COPIES = "copies", _("Playback copy and evidence video")
    PICTURES = "pictures", _("Small pictures")
    FINDINGS = "findings", _("Findings")
    TEXT = "text", _("Personal text")


MEDIA_PARTS = (Part.ORIGINAL, Part.COPIES, Part.PICTURES, Part.FINDINGS)
"""Without any of these parts the media is not analysed again, because that would recreate them."""


class PartRule(models.Model):
    """This part of submissions of this kind is removed so many days after they came in."""

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="part_rules")
    kind = models.CharField(max_length=8, choices=MediaKind.choices)
    part = models.CharField(max_length=8, choices=Part.choices)
    days = models.PositiveIntegerField()

    class Meta:
        ordering = ["team", "kind", "part"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "kind", "part"], name="one_rule_a_kind_and_part"
            ),
            models.CheckConstraint(
                name="part_is_kept_at_least_a_day", condition=Q(days__gte=1, days__lte=36_500)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part} of {self.kind}: {self.days} days"


class RemovalQuerySet(models.QuerySet["Removal"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_SUBMISSIONS
    ) -> RemovalQuerySet:
        return self.filter(submission__team__in=actor.team_ids(permission))

    def of_media(self) -> RemovalQuerySet:
        return self.filter(part__in=MEDIA_PARTS)


class Removal(models.Model):
    """That a part of a submission is gone under a rule: written with the event, and final."""

    submission = models.ForeignKey(
        "submissions.Submission", on_delete=models.PROTECT, related_name="removals"
    )
    part = models.CharField(max_length=8, choices=Part.choices)
    days = models.PositiveIntegerField(help_text="The rule that applied.")
    removed_at = models.DateTimeField(db_default=Now(), editable=False)
    rows = models.PositiveIntegerField(
        default=0, help_text="How many rows were deleted or emptied."
    )
    bytes = models.BigIntegerField(default=0, help_text="How many bytes of media became free.")
    shared = models.PositiveSmallIntegerField(
        default=0, help_text="Files that stay, because another submission needs them."
    )
    blobs: models.JSONField[Any, Any] = models.JSONField(default=list)
    """Hashes of the bytes that have to go."""
    ended_at = models.DateTimeField(null=True, blank=True, help_text="The bytes are gone too.")

    objects = RemovalQuerySet.as_manager()

    class Meta:
        ordering = ["removed_at", "id"]
        indexes = [
            models.Index(
                fields=["removed_at"], condition=Q(ended_at__isnull=True), name="removal_not_ended"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["submission", "part"], name="a_part_is_removed_once"),
        ]
        triggers: ClassVar = [
            final.columns(
                "removal_is_final",
                "the removal of a part is final",
                *("id", "submission_id", "part", "days", "removed_at", "rows", "bytes", "shared"),
                "blobs",
            ),
            final.whole("removals_stay", "removals of parts are final"),
        ]

    def __str__(self) -> str:
        return f"{self.part} of {self.submission_id}"
