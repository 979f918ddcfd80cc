"""A case is a submission that waits for a person.

Holding a case is a lease with a fence, as for jobs: two moderators never hold one case, and words
written by somebody whose lease ran out are kept as a draft and decide nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import final
from jobs.ids import ordered_uuid
from media_analysis.review.appeal_models import Appeal as Appeal
from media_analysis.review.decision_models import Confidence as Confidence
from media_analysis.review.decision_models import Decision as Decision
from media_analysis.review.decision_models import DecisionText as DecisionText
from media_analysis.review.decision_models import Draft as Draft
from media_analysis.review.decision_models import PendingDecision as PendingDecision
from media_analysis.review.drift_models import DriftAlarm as DriftAlarm
from media_analysis.review.drift_models import DriftCheck as DriftCheck
from media_analysis.review.golden_models import GoldenCase as GoldenCase
from media_analysis.review.golden_models import GoldenPlacement as GoldenPlacement
from media_analysis.review.note_models import CaseNote as CaseNote
from media_analysis.review.note_models import Mention as Mention
from media_analysis.review.opinion_models import DoubleReview as DoubleReview
from media_analysis.review.opinion_models import Opinion as Opinion
from media_analysis.review.owned import TeamOwned as TeamOwned
from media_analysis.review.policy_models import Policy as Policy
from media_analysis.review.policy_models import ReasonCode as ReasonCode
from media_analysis.review.queue_models import Queue as Queue
from media_analysis.review.queue_models import QueueOrder as QueueOrder
from media_analysis.review.queue_models import QueueRule as QueueRule
from media_analysis.review.queue_models import RoutingRule as RoutingRule
from media_analysis.review.saved_texts import SavedText as SavedText
from ml.engine.contract import Outcome
from ml.models import Analysis


class CaseState(models.TextChoices):
    OPEN = "open", _("Waiting")
    CLAIMED = "claimed", _("Being reviewed")
    DECIDED = "decided", _("Decided")


FOUND_COMES_FIRST = 2.0
"""More than any probability: a manipulation that was found comes before what was not."""
DECLARED_COMES_NEXT = 1.0
"""What a file says of itself comes after what was found, and before what was only measured."""


def suspicion_of(analysis: Analysis) -> float:
    """By what a queue that takes the most probably manipulated first orders its cases."""
    ahead = {
        Outcome.MANIPULATION_FOUND.value: FOUND_COMES_FIRST,
        Outcome.DECLARED_GENERATED.value: DECLARED_COMES_NEXT,
    }
    return (analysis.probability_manipulated or 0.0) + ahead.get(analysis.outcome or "", 0.0)


LEASE_SECONDS = 600
"""A claim without a sign of life from the open page."""


class Case(models.Model):
    id = models.UUIDField(primary_key=True, default=ordered_uuid, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="cases")
    submission = models.OneToOneField(
        "submissions.Submission", on_delete=models.PROTECT, related_name="case"
    )
    state = models.CharField(max_length=8, choices=CaseState.choices, default=CaseState.OPEN)
    opened_because = models.CharField(max_length=40)
    suspicion = models.FloatField(
        db_default=0.0,
        help_text="Orders a queue, and is no probability: the calibrated probability of "
        "manipulation, where there is one, 2 more where a manipulation was found, and 1 more where "
        "the file says that it was generated.",
    )
    sampled_with = models.FloatField(
        db_default=1.0,
        default=1.0,
        help_text="The probability with which a file like this one came to review: 1 where a rule "
        "sent it, the team's share where it is a spot check.",
    )
    opened_at = models.DateTimeField(db_default=Now(), editable=False)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    fence = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    standing_fence = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Of the decision that stands again because its appeal was withdrawn. Empty: the "
        "decision in force is the one with the case's own fence.",
    )
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when the case waits for a lead, with a question."
    )
    queue = models.ForeignKey(
        Queue,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="cases",
        help_text="Empty: the general queue.",
    )
    due_at = models.DateTimeField(null=True, blank=True)
    routed_by = models.CharField(
        max_length=80,
        blank=True,
        default="",
        db_default="",
        help_text="The name of the rule that sent it, as it stood; empty: the team's usual rule.",
    )

    objects = TeamOwned.as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["opened_at", "id"]
        indexes = [
            models.Index(
                fields=["team", "opened_at", "id"],
                condition=~Q(state="decided"),
                name="case_waiting_oldest_first",  # and, read from its end, the newest first
            ),
            models.Index(
                fields=["team", "-suspicion", "opened_at", "id"],
                condition=~Q(state="decided"),
                name="case_waiting_probable_first",
            ),
            models.Index(
                fields=["team", "due_at", "opened_at", "id"],
                condition=~Q(state="decided"),
                name="case_waiting_due_first",
            ),
            models.Index(
                fields=["queue", "opened_at"],
                condition=~Q(state="decided"),
                name="case_waiting_in_queue",
            ),
            models.Index(
                fields=["team", "-claimed_at"],
                condition=Q(claimed_at__isnull=False),
                name="case_last_taken",
            ),
            models.Index(
                fields=["team", "lease_until"],
                condition=Q(state="claimed"),
                name="case_in_hands",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="case_held_only_while_claimed",
                condition=Q(state="claimed", holder__isnull=False, lease_until__isnull=False)
                | (~Q(state="claimed") & Q(holder__isnull=True, lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="case_decided_has_time",
                condition=Q(state="decided", decided_at__isnull=False)
                | (~Q(state="decided") & Q(decided_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="case_stands_only_while_decided",
                condition=Q(standing_fence=None)
                | Q(state="decided", standing_fence__lte=models.F("fence")),
            ),
            models.CheckConstraint(
                name="case_sampled_with_a_probability",
                condition=Q(sampled_with__gt=0, sampled_with__lte=1),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="case_fence_only_grows",
                # pgtrigger leaves this constructor without types.
                operation=pgtrigger.UpdateOf("fence"),  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__fence__lt=pgtrigger.F("old__fence")),
                func="RAISE EXCEPTION 'a fence only grows' USING ERRCODE = 'check_violation';",
            ),
            final.columns(
                "case_is_of_one_submission",
                "what a case is about is final",
                *("id", "team_id", "submission_id", "opened_because", "opened_at", "routed_by"),
            ),
            final.whole("cases_stay", "cases are final"),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}"

    @property
    def has_expired(self) -> bool:
        """The claim ended, and nobody has claimed the case since."""
        return self.lease_until is not None and self.lease_until < timezone.now()

    @property
    def displayed_until(self) -> datetime | None:
        """Until when others read that the case is held: a claim that outlasts a break looks like
        one that an open page renews, because a break is nobody else's business."""
        if self.lease_until is None:
            return None
        return min(self.lease_until, timezone.now() + timedelta(seconds=LEASE_SECONDS))

    @property
    def fence_in_force(self) -> int | None:
        """The fence of the decision in force; None while there is none."""
        if self.state != CaseState.DECIDED:
            return None
        return self.fence if self.standing_fence is None else self.standing_fence


class DistressFlag(models.Model):
    """This person passed the case on and is not offered it again. Its event is that of any
    release, and nobody else reads this row."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="flags")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "person"], name="one_flag_a_case_and_person")
        ]

    def __str__(self) -> str:
        return f"flag of {self.case_id}"
