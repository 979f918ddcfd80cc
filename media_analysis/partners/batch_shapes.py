"""The shapes of batches over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from media_analysis.batches.models import Batch, BatchItem, ItemState
from media_analysis.batches.services.receiving import MOST_ITEMS
from media_analysis.partners.fields import KnownFieldsOnly, Language, PlainTextField, livemode
from media_analysis.partners.webhook_shapes import Address

ITEM_STATES = ItemState.values


class ItemSendSerializer(KnownFieldsOnly):
    url = Address(max_length=2000, help_text="An https:// address on a host that the team allows.")
    external_id = PlainTextField(required=False, allow_blank=True, max_length=200)
    note = PlainTextField(required=False, allow_blank=True, max_length=4000)
    policy_context = PlainTextField(required=False, allow_blank=True, max_length=200)
    language = Language(trim_whitespace=False)


class BatchSendSerializer(KnownFieldsOnly):
    items = serializers.ListField(child=ItemSendSerializer(), min_length=1, max_length=MOST_ITEMS)
    external_id = PlainTextField(
        required=False, allow_blank=True, max_length=200, help_text="Your own identifier."
    )
    team = serializers.UUIDField(
        required=False, help_text="Required if the caller may send to several teams."
    )


class BatchCountsSerializer(serializers.Serializer[Any]):
    waiting = serializers.IntegerField(min_value=0, help_text="Items that were not fetched yet.")
    received = serializers.IntegerField(min_value=0, help_text="Items that became submissions.")
    refused = serializers.IntegerField(min_value=0, help_text="Refused items. `reason` states why.")
    analysed = serializers.IntegerField(
        min_value=0, help_text="Received items whose analysis has ended."
    )


class BatchItemSerializer(serializers.Serializer[BatchItem]):
    position = serializers.IntegerField(
        min_value=0, help_text="The position in the request, from 0."
    )
    external_id = serializers.CharField()
    host = serializers.CharField(
        help_text="The host of the address. The rest is not shown, because it may be secret."
    )
    filename = serializers.CharField()
    state = serializers.ChoiceField(choices=ITEM_STATES, source="public_state")
    reason_code = serializers.CharField()
    reason = serializers.CharField(
        source="reason_in_words", help_text="Why it was refused, or why the last attempt failed."
    )
    submission = serializers.SerializerMethodField()

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_submission(self, item: BatchItem) -> str | None:
        if item.submission_id is None:
            return None
        request = self.context["request"]
        return str(reverse("api:submission-detail", args=[item.submission_id], request=request))


class BatchAcceptedSerializer(serializers.ModelSerializer[Batch]):
    url = serializers.HyperlinkedIdentityField(view_name="api:batch-detail")
    livemode = serializers.SerializerMethodField(
        help_text="False if a test key sent it; nothing is fetched."
    )
    team = serializers.UUIDField(source="team_id")
    counts = serializers.SerializerMethodField()
    completed_at = serializers.DateTimeField(
        allow_null=True, help_text="When the last item was refused or its analysis ended."
    )

    class Meta:
        model = Batch
        fields = [
            "id", "url", "livemode", "team", "external_id", "created_at", "completed_at", "counts",
        ]  # fmt: skip
        read_only_fields = fields

    def get_livemode(self, batch: Batch) -> bool:
        return livemode(self)

    @extend_schema_field(BatchCountsSerializer)
    def get_counts(self, batch: Batch) -> dict[str, int]:
        return dict(self.context["counts"])


class BatchSerializer(BatchAcceptedSerializer):
    items = serializers.SerializerMethodField()

    class Meta(BatchAcceptedSerializer.Meta):
        fields = [*BatchAcceptedSerializer.Meta.fields, "items"]

    @extend_schema_field(BatchItemSerializer(many=True))
    def get_items(self, batch: Batch) -> Any:
        return BatchItemSerializer(self.context["items"], many=True, context=self.context).data
