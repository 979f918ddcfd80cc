"""Somebody sent us media, once: who, when, why, under which name."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, Now
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.roles import Permission
from audit import final
from jobs.ids import ordered_uuid
from media_analysis.submissions.card_models import UNDECIDED, CheckCard, IndexCard, SearchText
from media_analysis.submissions.keeping import (
    Because,
    Erasure,
    Hold,
    MediaKind,
    Part,
    PartRule,
    Removal,
    RetentionRule,
    Waits,
)
from media_analysis.submissions.owned import limit_to_own
from media_analysis.submissions.quota_models import KeyMonthCount, MonthCount
from media_analysis.submissions.reuse_models import ReuseRule
from media_analysis.submissions.saved_filter_models import ListPage, SavedFilter
from ml import media_kinds

__all__ = [
    "UNDECIDED", "Because", "CheckCard", "DeletionAnswer", "DeletionRequest", "Erasure", "Hold",
    "IndexCard", "KeyMonthCount", "ListPage", "MediaKind", "MonthCount", "Part", "PartRule",
    "Removal", "RetentionRule", "ReuseRule", "SavedFilter", "SearchText", "Submission", "Waits",
]  # fmt: skip

SENT_WORDS = ("filename", "note", "policy_context", "external_id", "language")
"""What the sender says of a file."""
IN_FORCE = Coalesce("case__standing_fence", "case__fence")
"""The fence of the decision that stands, of a decided case: after an appeal was withdrawn, an
earlier one."""


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_SUBMISSIONS
    ) -> SubmissionQuerySet:
        """Default deny: only what belongs to a team in which the actor may do this."""
        mine = self.filter(team__in=actor.team_ids(permission))
        if actor.service is not None:
            return limit_to_own(mine.filter(planted=False), actor, "submitted_by_service")
        return mine.exclude(planted=True, submitted_by=actor.user) if actor.user else mine

    def with_deletion_requests(self) -> SubmissionQuerySet:
        """Each row with `deletion_requested_at`, of the request that stands, or None."""
        standing = DeletionRequest.objects.open().filter(submission=models.OuterRef("pk"))
        asked_at = models.Subquery(standing.values("asked_at")[:1])
        return self.annotate(deletion_requested_at=asked_at)

    def with_decisions(self) -> SubmissionQuerySet:
        """Each row with the decision in force, or None: a reopened case has none until it is
        decided again. `case_key` is the case, decided or not."""
        in_force = models.FilteredRelation(
            "case__decisions",
            condition=models.Q(case__state="decided", case__decisions__fence=IN_FORCE),
        )
        decisions: Any = Submission._meta.get_field("case").related_model
        decisions = decisions._meta.get_field("decisions").related_model
        earlier = decisions.objects.filter(
            case=models.OuterRef("case__id"),
            fence__lt=Coalesce(
                models.OuterRef("case__standing_fence"), models.OuterRef("case__fence")
            ),
        )
        return self.annotate(
            in_force=in_force,
            supersedes=models.Subquery(earlier.order_by("-fence").values("pk")[:1]),
            case_key=models.F("case__id"),
            decided_as=models.F("in_force__outcome"),
            decided_by_policy=models.F("in_force__policy__name"),
            decided_at=models.F("in_force__created_at"),
            decision_key=models.F("in_force__id"),
            decision_reason=models.F("in_force__reason"),
            decision_codes=models.F("in_force__codes"),
            decision_by=models.F("in_force__decided_by_id"),
        )


class Submission(models.Model):
    """The id is also the id of the submission's audit chain."""

    id = models.UUIDField(primary_key=True, default=ordered_uuid, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="submissions")
    blob = models.ForeignKey("blobs.Blob", on_delete=models.PROTECT, related_name="+")
    analysis = models.OneToOneField(
        "ml.Analysis",
        on_delete=models.PROTECT,
        related_name="submission",
        help_text="The newest analysis; earlier ones share this submission's chain.",
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    submitted_by_service = models.ForeignKey(
        "accounts.ServiceAccount",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    filename = models.CharField(max_length=255, blank=True, help_text="Text to show, never a path.")
    note = models.TextField(blank=True, max_length=4000)
    policy_context = models.CharField(max_length=200, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    language = models.CharField(
        max_length=35,
        blank=True,
        default="",
        db_default="",
        help_text="Of the media, as the sender says: a tag of BCP 47. Empty: not said.",
    )
    planted = models.BooleanField(
        db_default=False,
        default=False,
        help_text="A copy of a golden case. It counts nowhere and leaves the house by no way.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["team", "-created_at", "-id"], name="submission_newest_first"),
            models.Index(fields=["blob"], name="submission_same_bytes"),
            models.Index(
                fields=["external_id"],
                condition=~models.Q(external_id=""),
                name="submission_external_id",
            ),
            models.Index(
                fields=["team", "language"],
                opclasses=["uuid_ops", "varchar_pattern_ops"],
                condition=~models.Q(language=""),
                name="submission_language",
            ),
        ]
        constraints = [
            # Erasing a sender clears the reference, so both may be empty: never both set.
            models.CheckConstraint(
                name="submission_one_sender",
                condition=models.Q(submitted_by__isnull=True)
                | models.Q(submitted_by_service__isnull=True),
            ),
            models.CheckConstraint(
                name="submission_language_is_a_tag",
                condition=models.Q(language__regex=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$"),
            ),
        ]
        triggers: ClassVar = [
            final.columns(
                "submission_is_final",
                "what was submitted is final",
                *("id", "team_id", "blob_id", "filename", "note", "policy_context"),
                *("external_id", "language", "created_at", "planted"),
            ),
            final.whole("submissions_stay", "what was submitted is final"),
            # Deferred: the event that knows the analysis is written after the pointer is moved.
            pgtrigger.Trigger(
                name="analysis_is_its_own",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("analysis_id"),  # type: ignore[no-untyped-call]
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                func="""
                    IF NOT EXISTS (
                        SELECT FROM ml_analysis a
                        JOIN audit_event e ON e.object_type = 'analysis'
                            AND e.object_id = a.id::text
                            AND e.chain = NEW.id AND e.verb = 'analysis.queued'
                        WHERE a.id = NEW.analysis_id
                            AND a.chain = NEW.id AND a.blob_id = NEW.blob_id
                    ) THEN
                        RAISE EXCEPTION 'the record knows no such analysis of this submission'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.filename or str(self.id)

    @property
    def kind(self) -> str:
        """The kind of its media."""
        return self.analysis.kind or media_kinds.named(self.blob.media_type)

    @cached_property
    def removed_parts(self) -> dict[str, datetime]:
        """When a retention rule removed which part."""
        return dict(self.removals.values_list("part", "removed_at"))

    @property
    def deletion_request(self) -> DeletionRequest | None:
        """The newest that was not taken back; it may have been answered."""
        kept = self.deletion_requests.filter(withdrawn_at__isnull=True)
        return kept.order_by("-asked_at", "-pk").first()

    @property
    def decision(self) -> dict[str, Any] | None:
        """The person's decision that is in force; of rows from `with_decisions`."""
        row: Any = self
        if row.decided_as is None:
            return None
        return {
            "id": row.decision_key,
            "outcome": row.decided_as,
            "policy": row.decided_by_policy,
            "reason": row.decision_reason,
            "decided_at": row.decided_at,
            "decided_by": row.decision_by,
            "supersedes": row.supersedes,
        }

    @property
    def placement_answered(self) -> bool:
        """Whether it is a copy of a golden case that was answered."""
        mine = Submission.objects.filter(pk=self.pk)
        return mine.filter(placement__answered_at__isnull=False).exists()

    @property
    def sender_name(self) -> str:
        return str(self.submitted_by or self.submitted_by_service or "")


class DeletionAnswer(models.TextChoices):
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")


class DeletionRequestQuerySet(models.QuerySet["DeletionRequest"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.REQUEST_DELETION
    ) -> DeletionRequestQuerySet:
        return self.filter(submission__team__in=actor.team_ids(permission))

    def open(self) -> DeletionRequestQuerySet:
        """Neither taken back nor declined."""
        return self.filter(STANDING)

    def waiting(self) -> DeletionRequestQuerySet:
        return self.filter(withdrawn_at__isnull=True, answer="")


STANDING = models.Q(withdrawn_at__isnull=True) & ~models.Q(answer=DeletionAnswer.DECLINED)


class DeletionRequest(models.Model):
    """Somebody wants a submission deleted. A request is not a deletion: an admin answers it.

    At most one request of a submission stands; those taken back or declined stay as they were.
    """

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="deletion_requests"
    )
    asked_by = models.CharField(max_length=80, help_text="Kind and id, as in the record.")
    reason = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=8, choices=DeletionAnswer.choices, blank=True, default="")
    answered_by = models.CharField(max_length=80, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    answer_reason = models.CharField(max_length=500, blank=True, default="")

    objects = DeletionRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission"], condition=STANDING, name="one_standing_deletion_request"
            ),
            models.CheckConstraint(
                name="deletion_answer_is_whole",
                condition=models.Q(answer="", answered_at__isnull=True, answered_by="")
                | models.Q(answer__in=DeletionAnswer.values, answered_at__isnull=False)
                & ~models.Q(answered_by="")
                & ~models.Q(answer_reason=""),
            ),
        ]
        triggers: ClassVar = [
            # In the function and not in a condition: PostgreSQL writes a condition down in its own
            # words, which change when a dump is restored, and the guards compare words.
            pgtrigger.Trigger(
                name="deletion_answers_are_final",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="""
                    IF OLD.answer <> '' AND ROW(NEW.answer, NEW.answered_by, NEW.answered_at,
                            NEW.answer_reason) IS DISTINCT FROM ROW(OLD.answer, OLD.answered_by,
                            OLD.answered_at, OLD.answer_reason) THEN
                        RAISE EXCEPTION 'the answer to a request for deletion is final'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            final.columns(
                "request_is_final",
                "a request for deletion is final",
                *("id", "submission_id", "asked_by", "reason", "asked_at"),
            ),
            final.whole("requests_stay", "requests for deletion are final"),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: deletion asked for"
