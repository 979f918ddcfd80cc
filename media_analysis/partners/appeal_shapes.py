"""The shapes of appeals over REST. None holds the text: it is for the team and whoever wrote it."""

from __future__ import annotations

from rest_framework import serializers

from media_analysis.partners.fields import KnownFieldsOnly, PlainTextField
from media_analysis.partners.results import Shape
from media_analysis.review.appeal_models import LONGEST, AppealOutcome, AppealState


class AppealSerializer(Shape):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(
        choices=AppealState.choices,
        help_text="`open` until a new decision answers it or it is withdrawn.",
    )
    at = serializers.DateTimeField(help_text="When the appeal was made.")
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(
        choices=AppealOutcome.choices,
        allow_null=True,
        help_text="Whether the new decision has the same outcome (`upheld`) or another one "
        "(`changed`).",
    )
    decision = serializers.UUIDField(help_text="The appealed decision.")
    answer = serializers.UUIDField(
        allow_null=True, help_text="The new decision. Its `reason` is the answer."
    )


class AppealTextSerializer(KnownFieldsOnly):
    text = PlainTextField(
        max_length=LONGEST, help_text="Why the decision is wrong. The team reads it."
    )
