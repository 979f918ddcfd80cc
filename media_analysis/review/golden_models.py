"""Golden cases: media whose answer is known, sent through review again as if it were new.

A placement is a submission of its own, of the same bytes, so no page distinguishes it from others.
`Submission.planted` keeps it out of all figures and notifications.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from media_analysis.review.owned import TeamOwned
from media_analysis.submissions.outcomes import DecisionOutcome

KNOWN = (DecisionOutcome.MANIPULATED.value, DecisionOutcome.GENUINE.value)
"""What a golden case can be: an unclear one has no right answer."""


class GoldenCase(models.Model):
    """A submission that a lead chose, with its known outcome."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    submission = models.OneToOneField(
        "submissions.Submission", on_delete=models.PROTECT, related_name="golden"
    )
    outcome = models.CharField(max_length=16, choices=DecisionOutcome.choices)
    note = models.TextField(
        blank=True, max_length=1000, help_text="Shown to a person who has answered."
    )
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TeamOwned.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="golden_outcome_known", condition=Q(outcome__in=KNOWN))
        ]

    def __str__(self) -> str:
        return f"golden: {self.submission}"


class GoldenPlacement(models.Model):
    """One copy in the queue, answered by one person."""

    golden = models.ForeignKey(GoldenCase, on_delete=models.PROTECT, related_name="placements")
    submission = models.OneToOneField(
        "submissions.Submission", on_delete=models.PROTECT, related_name="placement"
    )
    placed_at = models.DateTimeField(db_default=Now(), editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    outcome = models.CharField(max_length=16, choices=DecisionOutcome.choices, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-answered_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["golden"],
                condition=Q(answered_at=None),
                name="one_copy_of_a_golden_case_waits",
            ),
            models.UniqueConstraint(
                fields=["golden", "person"],
                condition=Q(person__isnull=False),
                name="a_person_answers_a_golden_case_once",
            ),
            models.CheckConstraint(
                name="golden_answer_is_whole",
                condition=Q(answered_at=None, person=None, outcome="")
                | (Q(answered_at__isnull=False, person__isnull=False) & ~Q(outcome="")),
            ),
        ]

    def __str__(self) -> str:
        return f"placement of {self.golden_id}"

    @property
    def is_right(self) -> bool:
        return self.outcome == self.golden.outcome
