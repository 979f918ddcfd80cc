"""Webhooks: endpoints, the outbox, and deliveries with their log.

An `Event` is the outbox: it is written in the transaction of the change that it reports, with one
`Delivery` for each endpoint. A delivery is a leased job; its `Attempt`s are the log.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.roles import Permission
from jobs.ids import ordered_uuid
from jobs.models import UNDER_WAY, LeasedJob
from ml import language
from outbound.sentences import in_words


class EventType(models.TextChoices):
    ANALYSIS_COMPLETED = "analysis.completed", _("An analysis ended with a verdict")
    ANALYSIS_FAILED = "analysis.failed", _("An analysis failed and needs attention")
    ANALYSIS_CANCELLED = "analysis.cancelled", _("An analysis was cancelled")
    DECISION_MADE = "decision.made", _("A person decided")
    DECISION_CHANGED = "decision.changed", _("A further decision replaced the earlier one")
    DECISION_REOPENED = "decision.reopened", _("A decided case was reopened")
    APPEAL_RECEIVED = "appeal.received", _("A decision was appealed")
    APPEAL_WITHDRAWN = (
        "appeal.withdrawn",
        _("An appeal was withdrawn; the decision is in force again"),
    )
    APPEAL_ANSWERED = "appeal.answered", _("A further decision answered an appeal")
    REPORT_ISSUED = "report.issued", _("A report of a decision was issued")
    DELETION_REQUESTED = "deletion.requested", _("Deletion was requested")
    DELETION_WITHDRAWN = "deletion.withdrawn", _("A deletion request was withdrawn")
    DELETION_ANSWERED = "deletion.answered", _("A deletion request was answered")
    BATCH_COMPLETED = "batch.completed", _("Every item of a batch was analysed or refused")
    QUOTA_NEARLY_REACHED = "quota.nearly_reached", _("80 % of a monthly quota are used")
    QUOTA_REACHED = "quota.reached", _("A monthly quota is reached")


OF_QUOTAS = (EventType.QUOTA_NEARLY_REACHED, EventType.QUOTA_REACHED)
"""Without a partner they are of the team's quota, and every partner of the team hears of it."""

TEST = "webhook.test"
"""Sent when somebody asks for a test, and only then."""


ENDPOINT_OFF, GIVEN_UP = "endpoint_off", "given_up"
"""Why a delivery was parked, besides `Why.GONE`. Of one given up, `reason` is the last failure."""


class Why(models.TextChoices):
    BY_HAND = "by_hand", _("Somebody switched it off")
    FAILING = "failing", _("It failed for too long")
    GONE = "gone", _("It answered 410 (gone)")


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.MANAGE_WEBHOOKS
    ) -> EndpointQuerySet:
        """A key manages what belongs to its own partner."""
        mine = self.filter(team_id__in=actor.team_ids(permission))
        return mine.filter(service=actor.service) if actor.service else mine


class Endpoint(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    service = models.ForeignKey(
        "accounts.ServiceAccount",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Only news of what this partner sent and of quotas that it is under; empty: all.",
    )
    url = models.CharField(max_length=2000)
    description = models.CharField(max_length=200, blank=True)
    events = ArrayField(models.CharField(max_length=40, choices=EventType.choices))
    is_active = models.BooleanField(default=True)
    disabled_because = models.CharField(max_length=10, blank=True, choices=Why.choices, default="")
    failures = models.PositiveIntegerField(default=0, help_text="Consecutive failures.")
    failing_since = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["team"], name="endpoint_of_team")]
        constraints = [
            models.CheckConstraint(
                name="endpoint_events_are_known",
                condition=Q(events__contained_by=EventType.values, events__len__gt=0),
            ),
            models.CheckConstraint(
                name="endpoint_is_off_for_a_reason",
                condition=Q(is_active=True, disabled_because="")
                | (Q(is_active=False) & ~Q(disabled_because="")),
            ),
        ]

    def __str__(self) -> str:
        return self.host

    @property
    def host(self) -> str:
        """For logs and mails: what follows it may hold a token."""
        return self.url.partition("://")[2].partition("/")[0].partition("?")[0]


class Secret(models.Model):
    """What deliveries are signed with; encrypted. Two while one takes over from the other."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"a secret of {self.endpoint_id}"


class Event(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    submission = models.UUIDField(null=True, help_text="No key: the news of its end outlives it.")
    service = models.UUIDField(null=True, help_text="The partner that it is about.")
    type = models.CharField(max_length=40)
    body = models.TextField(help_text="As it is sent and signed, byte for byte.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["team", "created_at"], name="webhook_event_of_team"),
            models.Index(fields=["created_at"], name="webhook_event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"

    @property
    def message_id(self) -> str:
        """The same in every attempt and for every endpoint: receivers know repeats by it."""
        return f"msg_{self.pk.hex}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.MANAGE_WEBHOOKS
    ) -> DeliveryQuerySet:
        return self.filter(endpoint__in=Endpoint.objects.for_actor(actor, permission))


class Delivery(LeasedJob):
    id = models.UUIDField(primary_key=True, default=ordered_uuid, editable=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    tries = models.PositiveIntegerField(default=0)
    until = models.DateTimeField(help_text="Not tried again after that.")
    answered = models.PositiveSmallIntegerField(null=True, help_text="The newest HTTP status.")
    by_hand = models.BooleanField(default=False, help_text="Somebody asked for it again.")

    objects = DeliveryQuerySet.as_manager()

    class Meta(LeasedJob.Meta):
        verbose_name_plural = "deliveries"
        indexes = [
            *LeasedJob.Meta.indexes,
            models.Index(fields=["endpoint", "-created_at", "-id"], name="delivery_newest_first"),
        ]
        constraints = [
            *LeasedJob.Meta.constraints,
            models.UniqueConstraint(
                fields=["event", "endpoint"],
                condition=Q(state__in=[*UNDER_WAY]),
                name="one_delivery_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.endpoint_id}: {self.state}"

    @property
    def reason_in_words(self) -> str:
        """Why it waits or was given up, in the reader's language."""
        if " " in self.reason:
            return self.reason  # earlier versions kept the sentence
        if self.reason_code == ENDPOINT_OFF:
            return gettext("The endpoint is switched off, or its partner is closed.")
        if self.reason_code == GIVEN_UP:
            return gettext("Given up after {tries} attempts. The last one: {why}").format(
                tries=self.tries, why=in_words(self.reason, self.answered)
            )
        if self.reason_code in language.FAILURES:
            return language.reason(self.state, self.reason_code, self.reason)
        return in_words(self.reason_code, self.answered)


class Attempt(models.Model):
    """One request to an endpoint and its result."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())
    milliseconds = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    code = models.CharField(
        max_length=40, blank=True, help_text="What failed. Empty if nothing failed."
    )
    sentence = models.CharField(max_length=300, blank=True)
    answer = models.TextField(blank=True, help_text="The beginning of the response body.")

    class Meta:
        ordering = ["number", "id"]

    def __str__(self) -> str:
        return f"{self.number}: {self.status or self.code}"

    @property
    def reason_in_words(self) -> str:
        """What failed, in the reader's language. Earlier versions kept the sentence."""
        return self.sentence or (in_words(self.code, self.status) if self.code else "")
