"""Named queues of a team, and the ordered rules that choose one for each file.

The first rule that fits decides. What no rule fits goes the way of `RoutingRule`, into the general
queue, which has no row of its own.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from media_analysis.review.owned import TeamOwned
from media_analysis.submissions.outcomes import DecisionOutcome
from ml.engine.contract import Outcome

MOST_HOURS = 24 * 90
LONGEST_APPEAL_DAYS = 3650


class Kind(models.TextChoices):
    IMAGE = "image", _("Image")
    VIDEO = "video", _("Video")
    AUDIO = "audio", _("Sound")


class QueueOrder(models.TextChoices):
    """What a team's queue hands out first; each is served by an index (`Case.Meta`)."""

    OLDEST = "oldest", _("Oldest first")
    NEWEST = "newest", _("Newest first")
    PROBABLE = "probable", _("Most probably manipulated first")
    DUE = "due", _("Due first")


class RoutingRule(models.Model):
    """Which outcomes want a person, and in which order. A team without a rule routes as
    `DEFAULT_OUTCOMES` says, the oldest first."""

    DEFAULT_OUTCOMES = (
        Outcome.MANIPULATION_FOUND.value,
        Outcome.DECLARED_GENERATED.value,
        Outcome.INCONCLUSIVE.value,
    )

    team = models.OneToOneField(
        "accounts.Team", on_delete=models.CASCADE, related_name="routing_rule"
    )
    manipulation_found = models.BooleanField(default=True)
    declared_generated = models.BooleanField(default=True)
    inconclusive = models.BooleanField(default=True)
    no_manipulation_found = models.BooleanField(default=False)
    rejected = models.BooleanField(default=False)
    queue_order = models.CharField(
        max_length=8, choices=QueueOrder.choices, default=QueueOrder.OLDEST
    )
    grace_seconds = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="How long a decision can be undone before it is final. Empty: as the site says.",
    )
    second_share = models.FloatField(
        db_default=0.0, default=0.0, help_text="Of the decisions that two people make."
    )
    spot_share = models.FloatField(
        db_default=0.0,
        default=0.0,
        help_text="Of the files that no rule sends to review, and that are reviewed all the same.",
    )
    appeal_days = models.PositiveSmallIntegerField(
        db_default=180,
        default=180,
        help_text="For so many days a decision can be appealed. 0: this team takes no appeals.",
    )
    golden_share = models.FloatField(
        db_default=0.0,
        default=0.0,
        help_text="Golden cases that come on each new case.",
    )

    objects = TeamOwned.as_manager()

    class Meta:
        verbose_name = _("default rules of a team")
        verbose_name_plural = _("default rules of teams")
        constraints = [
            models.CheckConstraint(
                name="golden_share_is_small", condition=Q(golden_share__range=(0, 0.5))
            ),
            models.CheckConstraint(
                name="appeal_days_are_bounded",
                condition=Q(appeal_days__lte=LONGEST_APPEAL_DAYS),
            ),
            models.CheckConstraint(
                name="queue_order_known", condition=Q(queue_order__in=QueueOrder.values)
            ),
            models.CheckConstraint(
                name="grace_is_short", condition=Q(grace_seconds=None) | Q(grace_seconds__lte=600)
            ),
            models.CheckConstraint(
                name="shares_are_shares",
                condition=Q(second_share__range=(0, 1), spot_share__range=(0, 1)),
            ),
        ]

    def __str__(self) -> str:
        return f"routing of {self.team}"

    @classmethod
    def of(cls, team_id: UUID) -> RoutingRule:
        """The team's; not saved where the team never chose."""
        found: RoutingRule | None = cls.objects.filter(team=team_id).first()
        return found or cls(team_id=team_id)

    @property
    def undo_seconds(self) -> int:
        """As the site says, where the team has not chosen."""
        own = self.grace_seconds
        return int(settings.DECISION_GRACE_SECONDS) if own is None else own

    def wants(self, outcome: str) -> bool:
        return bool(getattr(self, outcome, False))


class Queue(models.Model):
    """Cases that belong together, the people who may claim them, and their due time."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="queues")
    name = models.CharField(max_length=80)
    hours = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Within which its cases are due. Empty: they have no time."
    )
    is_paused = models.BooleanField(
        default=False, db_default=False, help_text="Nobody can claim from it; it still fills."
    )
    people = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        help_text="Who may claim from it. Empty: everybody in the team who decides.",
    )
    second_share = models.FloatField(
        null=True,
        blank=True,
        help_text="Of its decisions that two people make. Empty: as in the whole team.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TeamOwned.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="one_queue_a_name"),
            models.CheckConstraint(name="queue_is_named", condition=~Q(name="")),
            models.CheckConstraint(
                name="queue_hours_are_few",
                condition=Q(hours=None) | Q(hours__gte=1, hours__lte=MOST_HOURS),
            ),
            models.CheckConstraint(
                name="queue_share_is_a_share",
                condition=Q(second_share=None) | Q(second_share__range=(0, 1)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def second_percent(self) -> str:
        """Empty: as in the whole team."""
        return "" if self.second_share is None else f"{100 * self.second_share:g}"


class QueueRule(models.Model):
    """Conditions that all have to hold; one that is empty always does."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="queue_rules")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80, help_text="Stands on each case that it sends.")
    kinds = ArrayField(models.CharField(max_length=5), default=list, db_default=[], blank=True)
    outcomes = ArrayField(models.CharField(max_length=24), default=list, db_default=[], blank=True)
    probability_from = models.FloatField(null=True, blank=True)
    probability_to = models.FloatField(null=True, blank=True)
    check_found = models.CharField(
        max_length=80, blank=True, default="", db_default="", help_text="A check that found it."
    )
    sender = models.ForeignKey(
        "accounts.ServiceAccount",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    context = models.CharField(
        max_length=100, blank=True, default="", db_default="", help_text="Part of it."
    )
    languages = ArrayField(
        models.CharField(max_length=35),
        default=list,
        db_default=[],
        blank=True,
        help_text="Of the media, as its sender says; each fits its regions, too.",
    )
    known = models.BooleanField(
        default=False, db_default=False, help_text="The team decided about the same bytes before."
    )
    alike = models.CharField(
        max_length=16,
        choices=[("any", _("any outcome")), *DecisionOutcome.choices],
        blank=True,
        default="",
        db_default="",
        help_text="It looks like a file that the team decided so.",
    )
    share = models.FloatField(
        default=1.0, db_default=1.0, help_text="Of what fits. The rest goes on to the next rule."
    )
    reviews = models.BooleanField(
        default=True, db_default=True, help_text="False: what fits is not reviewed."
    )
    queue = models.ForeignKey(
        Queue, null=True, blank=True, on_delete=models.PROTECT, related_name="rules"
    )
    hours = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Within which the case is due. Empty: as its queue says."
    )

    objects = TeamOwned.as_manager()

    class Meta:
        ordering = ["team", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "position"],
                name="one_rule_a_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["team", "name"], name="one_rule_a_name"),
            models.CheckConstraint(name="rule_is_named", condition=~Q(name="")),
            models.CheckConstraint(
                name="rule_takes_a_share", condition=Q(share__gt=0, share__lte=1)
            ),
            models.CheckConstraint(
                name="rule_kinds_known", condition=Q(kinds__contained_by=Kind.values)
            ),
            models.CheckConstraint(
                name="rule_outcomes_known",
                condition=Q(outcomes__contained_by=[one.value for one in Outcome]),
            ),
            models.CheckConstraint(
                name="rule_alike_known",
                condition=Q(alike__in=["", "any", *DecisionOutcome.values]),
            ),
            models.CheckConstraint(
                name="rule_probabilities",
                condition=(Q(probability_from=None) | Q(probability_from__range=(0, 1)))
                & (Q(probability_to=None) | Q(probability_to__range=(0, 1)))
                & (
                    Q(probability_from=None)
                    | Q(probability_to=None)
                    | Q(probability_from__lte=F("probability_to"))
                ),
            ),
            models.CheckConstraint(
                name="rule_hours_are_few",
                condition=Q(hours=None) | Q(hours__gte=1, hours__lte=MOST_HOURS),
            ),
            models.CheckConstraint(
                name="rule_without_review_has_no_queue",
                condition=Q(reviews=True) | Q(queue=None, hours=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name
