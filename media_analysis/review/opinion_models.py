"""Blind double review: some decisions are made twice, by two people, and the second knows nothing
of the first. Nothing leaves the house before both agree or a lead adjudicates."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from audit import final
from media_analysis.submissions.outcomes import DecisionOutcome


class Stage(models.TextChoices):
    SECOND = "second", _("Waits for a second person")
    DISPUTED = "disputed", _("Waits for adjudication")
    AGREED = "agreed", _("Both agreed")
    ADJUDICATED = "adjudicated", _("Adjudicated")


CLOSED = (Stage.AGREED, Stage.ADJUDICATED)


class DoubleReview(models.Model):
    """One case that is decided twice, from its first opinion on."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("review.Case", on_delete=models.PROTECT, related_name="double_reviews")
    probability = models.FloatField(help_text="With which a case was drawn when this one was.")
    stage = models.CharField(max_length=11, choices=Stage.choices, default=Stage.SECOND)
    opened_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    decision = models.OneToOneField(
        "review.Decision",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="double_review",
    )

    class Meta:
        indexes = [models.Index(fields=["team", "opened_at"], name="double_review_of_a_team")]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(closed_at=None), name="one_open_double_review_a_case"
            ),
            models.CheckConstraint(
                name="double_review_probability",
                condition=Q(probability__gt=0, probability__lte=1),
            ),
            models.CheckConstraint(
                name="double_review_closed_with_a_decision",
                condition=Q(stage__in=CLOSED, closed_at__isnull=False, decision__isnull=False)
                | Q(
                    stage__in=(Stage.SECOND, Stage.DISPUTED),
                    closed_at__isnull=True,
                    decision__isnull=True,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"double review of {self.case_id}"


class Opinion(models.Model):
    """What one of the two people concluded. Written once."""

    review = models.ForeignKey(DoubleReview, on_delete=models.PROTECT, related_name="opinions")
    place = models.PositiveSmallIntegerField(help_text="1 or 2.")
    fence = models.PositiveIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    who = models.JSONField(help_text="Who it was, as the record says it.")
    outcome = models.CharField(max_length=16, choices=DecisionOutcome.choices)
    policy = models.ForeignKey(
        "review.Policy", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    policy_text = models.TextField(blank=True)
    reason = models.CharField(max_length=500)
    note = models.TextField(blank=True, max_length=4000)
    codes = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    confidence = models.CharField(max_length=8, blank=True, default="")
    seconds_on_case = models.FloatField()
    taken_from = models.ForeignKey(
        "review.Decision",
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,  # the source may be erased, and an opinion is final
        related_name="+",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["review", "place"]
        constraints = [
            models.UniqueConstraint(fields=["review", "place"], name="one_opinion_a_place"),
            models.UniqueConstraint(fields=["review", "person"], name="two_different_people"),
            models.CheckConstraint(name="opinion_first_or_second", condition=Q(place__in=(1, 2))),
            models.CheckConstraint(name="opinion_gives_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="opinion_outcome_known", condition=Q(outcome__in=DecisionOutcome.values)
            ),
        ]
        triggers = [
            final.row("opinion_is_final", "an opinion is final"),
            final.whole("opinions_stay", "opinions are final"),
        ]

    def __str__(self) -> str:
        return self.get_outcome_display()

    def agrees_with(self, other: Opinion) -> bool:
        return (self.outcome, self.policy_id) == (other.outcome, other.policy_id)
