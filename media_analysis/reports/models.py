"""A report is what was issued about one decision: its bytes, as they were signed, for good."""

from __future__ import annotations

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.roles import Permission
from audit import final
from media_analysis.reports.film_models import EvidenceFilm as EvidenceFilm

TEAM_WORDS = """
    jsonb_path_exists(convert_from({body}, 'UTF8')::jsonb, '$.history[*] ? (
        @.what == "escalated" || @.what == "commented" || @.what == "reopened" && @.reason != ""
    )')
"""
"""In SQL: questions to a lead, their answers and reasons for reopening, as code wrote them before
these words were left out."""


class ReportQuerySet(models.QuerySet["Report"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_REPORTS
    ) -> ReportQuerySet:
        return self.filter(team_id__in=actor.team_ids(permission))

    def for_partners(self) -> ReportQuerySet:
        """Those that may leave the house. A partner sees those of submissions that it may see."""
        return self.filter(holds_team_words=False)


class Report(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("review.Case", on_delete=models.PROTECT, related_name="reports")
    decision = models.ForeignKey(
        "review.Decision",
        on_delete=models.PROTECT,
        related_name="reports",
        db_index=False,  # the constraint has one
    )
    language = models.CharField(
        max_length=7,
        choices=settings.LANGUAGES,
        default=settings.LANGUAGE_CODE,
        db_default="en",
        help_text="Of the PDF and the statement of reasons.",
    )
    number = models.PositiveSmallIntegerField(
        help_text="Of the case: 1, 2 and so on. The languages of one decision have the same."
    )
    earlier = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,  # built without a lock, below
        help_text="The report that this one replaces.",
    )
    body = models.BinaryField(help_text="Canonical JSON (RFC 8785).")
    pdf = models.BinaryField()
    statement = models.BinaryField(help_text="Statement of reasons (DSA), as JSON.")
    public = models.TextField(
        db_default="",
        blank=True,
        help_text="Statement for the public. Earlier reports have none.",
    )
    signature = models.TextField(help_text="A signed note that names the SHA-256 of each file.")
    body_sha256 = models.CharField(max_length=64)
    holds_team_words = models.BooleanField(
        db_default=False,
        default=False,
        editable=False,
        help_text="Its history has words that were written for the team: it is not sent to "
        "partners. Set by the database.",
    )
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["case", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "language"], name="report_once_a_decision_and_language"
            ),
            models.UniqueConstraint(
                fields=["case", "number", "language"], name="report_number_once_a_language"
            ),
        ]
        indexes = [models.Index(fields=["earlier"], name="report_earlier_idx")]
        triggers = [
            final.columns(
                "report_is_final",
                "a report is final",
                *("id", "team_id", "case_id", "decision_id", "number", "earlier_id", "body", "pdf"),
                *("statement", "public", "signature", "body_sha256", "created_at", "language"),
                "holds_team_words",
            ),
            final.whole("reports_stay", "reports are final"),
            # In the database, because old code may issue a report while a site is upgraded.
            pgtrigger.Trigger(
                name="report_may_leave_or_not",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=f"NEW.holds_team_words := {TEAM_WORDS.format(body='NEW.body')};RETURN NEW;",
            ),
            # Whoever follows the submission hears of it, by a wait or by `updated_since`.
            pgtrigger.Trigger(
                name="card_knows_the_report",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="""
                    UPDATE submissions_indexcard card SET updated_at = clock_timestamp()
                    FROM review_case c
                    WHERE c.id = NEW.case_id AND card.submission_id = c.submission_id;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"report {self.number} of {self.case_id}"
