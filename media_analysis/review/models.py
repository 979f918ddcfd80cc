"""A case is a submission that waits for a person; a decision is what that person said.

Holding a case is a lease with a fence, as for jobs: two moderators never hold one case, and words
written by somebody whose lease ran out are kept as a draft and decide nothing.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import final
from media_analysis.review.appeal_models import Appeal as Appeal
from media_analysis.review.drift_models import DriftAlarm as DriftAlarm
from media_analysis.review.drift_models import DriftCheck as DriftCheck
from media_analysis.review.golden_models import GoldenCase as GoldenCase
from media_analysis.review.golden_models import GoldenPlacement as GoldenPlacement
from media_analysis.review.note_models import CaseNote as CaseNote
from media_analysis.review.note_models import Mention as Mention
from media_analysis.review.opinion_models import DoubleReview as DoubleReview
from media_analysis.review.opinion_models import Opinion as Opinion
from media_analysis.review.owned import TeamOwned as TeamOwned
from media_analysis.review.queue_models import Queue as Queue
from media_analysis.review.queue_models import QueueOrder as QueueOrder
from media_analysis.review.queue_models import QueueRule as QueueRule
from media_analysis.review.queue_models import RoutingRule as RoutingRule
from media_analysis.review.saved_texts import SavedText as SavedText
from media_analysis.submissions.outcomes import DecisionOutcome
from ml.engine.contract import Outcome
from ml.models import Analysis


class CaseState(models.TextChoices):
    OPEN = "open", _("Waiting")
    CLAIMED = "claimed", _("Being reviewed")
    DECIDED = "decided", _("Decided")


@dataclass(frozen=True)
class Words:
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
    def of_dict(cls, said: dict[str, Any]) -> Words:
        return cls(
            said["outcome"],
            said["reason"],
            said["note"],
            said["policy"],
            tuple(said.get("codes") or ()),
            said.get("confidence") or "",
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


class Policy(models.Model):
    """A rule of the team that a decision refers to. Its text is kept with each decision."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="policies")
    name = models.CharField(max_length=100)
    text = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)

    objects = TeamOwned.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="policy_once_a_team")]

    def __str__(self) -> str:
        return self.name


class ReasonCode(models.Model):
    """A reason that a team gives often, chosen by a key. Its name is kept with each decision."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="reason_codes")
    name = models.CharField(max_length=60)
    policy = models.ForeignKey(
        Policy,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Chosen with the code, where no other policy was.",
    )
    is_active = models.BooleanField(default=True)

    objects = TeamOwned.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="reason_code_once_a_team")
        ]

    def __str__(self) -> str:
        return self.name


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


class Case(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
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
    def fence_in_force(self) -> int | None:
        """Of the decision that is in force; None while there is none."""
        if self.state != CaseState.DECIDED:
            return None
        return self.fence if self.standing_fence is None else self.standing_fence


class Decision(models.Model):
    """Written once. A case that is opened again gets a further decision; none is altered."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    fence = models.PositiveIntegerField()
    outcome = models.CharField(max_length=16, choices=DecisionOutcome.choices)
    policy = models.ForeignKey(
        Policy, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
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
    """A decision within its grace time: its person can undo it, and nobody else is told of it. When
    the time is over it becomes a `Decision` (`services/grace.py`), and this row goes."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="pending")
    fence = models.PositiveIntegerField(help_text="Of the hold in which it was written.")
    words = models.JSONField()
    reason = models.CharField(max_length=500)
    code_names = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    policy = models.ForeignKey(
        Policy, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
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


class DistressFlag(models.Model):
    """This person passed the case on and is not offered it again. No event tells it from any other
    release, and nobody else reads it."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="flags")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "person"], name="one_flag_a_case_and_person")
        ]

    def __str__(self) -> str:
        return f"flag of {self.case_id}"


class Draft(models.Model):
    """What a moderator wrote and has not saved as a decision. Kept for them alone."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="drafts")
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
