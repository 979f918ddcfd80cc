"""The shapes of legal holds over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from media_analysis.partners.fields import KnownFieldsOnly, PlainTextField
from media_analysis.submissions.models import Hold

BY = "Who, as the record names them: kind and id."


class HoldSerializer(serializers.ModelSerializer[Hold]):
    submission = serializers.UUIDField(source="submission_id", read_only=True)
    placed_by = serializers.CharField(help_text=BY)
    lifted_by = serializers.CharField(help_text=f"{BY} Empty while it stands.")
    lifted_at = serializers.DateTimeField(
        allow_null=True, help_text="Null while the hold is in force."
    )
    lift_reason = serializers.CharField(help_text="Empty while the hold is in force.")

    class Meta:
        model = Hold
        fields = [
            "id", "submission", "reason", "placed_by", "placed_at", "lifted_by", "lifted_at",
            "lift_reason",
        ]  # fmt: skip
        read_only_fields = fields


@extend_schema_serializer(many=False)
class HoldsSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(
        allow_null=True, help_text="The address of the next page with older holds, or null."
    )
    results = HoldSerializer(many=True)


class HoldReasonSerializer(KnownFieldsOnly):
    reason = PlainTextField(
        max_length=500,
        help_text="At least one word. The team can read it, and the record keeps it.",
    )


class HoldFilterSerializer(KnownFieldsOnly):
    submission = serializers.UUIDField(required=False, help_text="Only holds of this submission.")
    lifted = serializers.BooleanField(
        required=False, default=False, help_text="Include lifted holds."
    )
    after = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="Only holds before this id."
    )
