"""The shape of a key's usage over REST."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

SUBMISSIONS = "Submissions of this month."


class UsedSerializer(serializers.Serializer[Any]):
    used = serializers.IntegerField(min_value=0, help_text=SUBMISSIONS)
    quota = serializers.IntegerField(min_value=0, allow_null=True, help_text="Null: no limit.")
    remaining = serializers.IntegerField(min_value=0, allow_null=True, help_text="Null: no limit.")


class QuotaOfTeamSerializer(serializers.Serializer[Any]):
    quota = serializers.IntegerField(min_value=0)
    remaining = serializers.IntegerField(min_value=0)


class RateSerializer(serializers.Serializer[Any]):
    whose = serializers.ChoiceField(
        choices=["key", "partner", "team"], help_text="Whose requests are counted together."
    )
    requests = serializers.IntegerField(min_value=0)
    seconds = serializers.IntegerField(min_value=1)


class RatesSerializer(serializers.Serializer[Any]):
    read = RateSerializer(many=True)
    write = RateSerializer(many=True)


class UsageSerializer(serializers.Serializer[Any]):
    month = serializers.DateField(help_text="The first day of this calendar month, in UTC.")
    starts = serializers.DateField(
        help_text="The first day of the next month, when the counts restart at 0."
    )
    partner = UsedSerializer(help_text="The usage of this key's partner.")
    key = UsedSerializer(help_text="The usage of this key, and of those that it replaced.")
    team = QuotaOfTeamSerializer(
        allow_null=True, help_text="The team's usage, shared by all its senders. Null: no limit."
    )
    rates = RatesSerializer(help_text="All limits apply. A request counts under each of them.")
