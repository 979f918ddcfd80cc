"""A report is what was issued about one decision: its bytes, as they were signed, for good."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from audit import final
from media_analysis.reports.film_models import EvidenceFilm as EvidenceFilm
from media_analysis.review.models import TeamOwned


class Report(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("review.Case", on_delete=models.PROTECT, related_name="reports")
    decision = models.OneToOneField(
        "review.Decision", on_delete=models.PROTECT, related_name="report"
    )
    number = models.PositiveSmallIntegerField(help_text="Of the case: 1, 2 and so on.")
    earlier = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="later",
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
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TeamOwned.as_manager()

    class Meta:
        ordering = ["case", "number"]
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="report_number_once_a_case"),
        ]
        triggers = [
            final.columns(
                "report_is_final",
                "a report is final",
                *("id", "team_id", "case_id", "decision_id", "number", "earlier_id", "body", "pdf"),
                *("statement", "public", "signature", "body_sha256", "created_at"),
            ),
            final.whole("reports_stay", "reports are final"),
        ]

    def __str__(self) -> str:
        return f"report {self.number} of {self.case_id}"
