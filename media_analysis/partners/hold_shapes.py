"""The shapes of legal holds over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from media_analysis.partners.serializers import KnownFieldsOnly, Words
from media_analysis.submissions.models import Hold

BY = "Who, as the record names them: kind and id."


class HoldSerializer(serializers.ModelSerializer[Hold]):
    submission = serializers.UUIDField(source="submission_id", read_only=True)
    placed_by = serializers.CharField(help_text=BY)
    lifted_by = serializers.CharField(help_text=f"{BY} Empty while it stands.")
    lifted_at = serializers.DateTimeField(allow_null=True, help_text="Null while it stands.")
    lift_reason = serializers.CharField(help_text="Empty while it stands.")

    class Meta:
        model = Hold
        fields = [
            "id", "submission", "reason", "placed_by", "placed_at", "lifted_by", "lifted_at",
            "lift_reason",
        ]  # fmt: skip
        read_only_fields = fields


@extend_schema_serializer(many=False)
class HoldsSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True, help_text="The address of older holds, or null.")
    results = HoldSerializer(many=True)


class HoldReasonSerializer(KnownFieldsOnly):
    reason = Words(
        max_length=500, help_text="The team reads it, and the record keeps it. At least one word."
    )


class HoldFilterSerializer(KnownFieldsOnly):
    submission = serializers.UUIDField(required=False, help_text="Holds of this one alone.")
    lifted = serializers.BooleanField(
        required=False, default=False, help_text="Also those that were lifted."
    )
    after = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="Holds before this id."
    )
