"""The shapes of webhooks over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from jobs.models import State
from media_analysis.partners.fields import KnownFieldsOnly, PlainTextField, livemode
from media_analysis.review.presenters.decisions import moment
from media_analysis.submissions.forms import STATES
from media_analysis.webhooks.models import Attempt, Delivery, Endpoint, EventType, Why

EVENTS = EventType.values
DELIVERY_STATES = [value for value, _ in STATES if value]
REASONS = ["", *Why.values]


@extend_schema_field({"type": "string", "format": "uri", "maxLength": 2000})
class Address(PlainTextField):
    """Checked by `outbound.sending`, which says more exactly what is wrong."""


class TrueOrFalse(serializers.BooleanField):
    """As JSON says it; 0, 1 and words are refused."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class EndpointSerializer(serializers.ModelSerializer[Endpoint]):
    events = serializers.ListField(child=serializers.ChoiceField(choices=EVENTS))
    disabled_because = serializers.ChoiceField(
        choices=REASONS, help_text="Why it was switched off. Empty while it is on."
    )
    livemode = serializers.SerializerMethodField(
        help_text="False if a test key added it. It then gets only events about submissions of "
        "test keys."
    )
    own_only = serializers.SerializerMethodField(
        help_text="True if it gets only events about its own partner's submissions and quotas."
    )

    class Meta:
        model = Endpoint
        fields = [
            "id", "url", "livemode", "description", "events", "is_active", "disabled_because",
            "own_only", "failures", "failing_since", "last_success_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_livemode(self, endpoint: Endpoint) -> bool:
        return livemode(self)

    def get_own_only(self, endpoint: Endpoint) -> bool:
        return endpoint.service_id is not None


class EndpointAddedSerializer(EndpointSerializer):
    secret = serializers.CharField(
        help_text="The secret that signs each call. It is never shown again."
    )

    class Meta(EndpointSerializer.Meta):
        fields = [*EndpointSerializer.Meta.fields, "secret"]
        read_only_fields = fields


@extend_schema_serializer(many=False)
class EndpointsSerializer(serializers.Serializer[Any]):
    results = EndpointSerializer(many=True)


class SecretSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="It is never shown again.")


class EndpointChangeSerializer(KnownFieldsOnly):
    url = Address(required=False, max_length=2000, help_text="It begins with https://.")
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=EVENTS), required=False, min_length=1,
        max_length=len(EVENTS),
    )  # fmt: skip
    description = PlainTextField(required=False, allow_blank=True, max_length=200)
    is_active = TrueOrFalse(required=False)


class EndpointAddSerializer(KnownFieldsOnly):
    team = serializers.UUIDField(
        required=False, help_text="Required if the caller may do this in several teams."
    )
    url = Address(max_length=2000, help_text="It begins with https://.")
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=EVENTS), min_length=1, max_length=len(EVENTS)
    )
    description = PlainTextField(required=False, allow_blank=True, max_length=200)


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    sentence = serializers.CharField(source="reason_in_words")
    answer = serializers.CharField(help_text="The beginning of the answer's body.")

    class Meta:
        model = Attempt
        fields = ["number", "at", "milliseconds", "status", "code", "sentence", "answer"]
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    message_id = serializers.CharField(source="event.message_id")
    type = serializers.CharField(source="event.type")
    submission = serializers.UUIDField(source="event.submission", allow_null=True)
    state = serializers.ChoiceField(
        choices=DELIVERY_STATES, help_text="`done`: delivered. `parked`: given up."
    )
    reason = serializers.CharField(source="reason_in_words")
    body = serializers.CharField(
        source="event.body", help_text="The body of every attempt: the text that is signed."
    )
    next_at = serializers.SerializerMethodField(allow_null=True)
    attempts = AttemptSerializer(many=True)

    class Meta:
        model = Delivery
        fields = [
            "id", "message_id", "type", "submission", "state", "tries", "answered", "reason_code",
            "reason", "body", "created_at", "next_at", "attempts",
        ]  # fmt: skip
        read_only_fields = fields

    def get_next_at(self, delivery: Delivery) -> str | None:
        """When it is retried."""
        waiting = delivery.state == State.QUEUED and delivery.tries
        return moment(delivery.available_at) if waiting else None


class DeliveriesSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    results = DeliverySerializer(many=True)


class LogFilterSerializer(KnownFieldsOnly):
    state = serializers.ChoiceField(choices=DELIVERY_STATES, required=False)
    after = serializers.UUIDField(
        required=False, help_text="The id of the last delivery on the previous page, as in `next`."
    )


class AgainSerializer(KnownFieldsOnly):
    delivery = serializers.UUIDField(required=False, help_text="Only this delivery.")
    since = serializers.DateTimeField(
        required=False, help_text="All failed deliveries from this time on."
    )
    until = serializers.DateTimeField(
        required=False, help_text="The end of the period. Default: now."
    )
    all = TrueOrFalse(
        required=False, default=False, help_text="Also deliveries that already succeeded."
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("delivery" in values) == ("since" in values):
            raise serializers.ValidationError("State either `delivery` or `since`.")
        return values


class AgainDoneSerializer(serializers.Serializer[Any]):
    deliveries = serializers.IntegerField(help_text="The number of deliveries that are being sent.")
