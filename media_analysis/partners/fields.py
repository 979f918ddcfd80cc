"""Fields and base classes of the serializers: what the REST interface accepts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.actors import actor_of
from accounts.refusals import Refusal
from media_analysis.submissions import languages

MOST_IDS = 50
"""With the longest cursor they fit into an address of 4,000 characters."""


class EachFieldOnce(serializers.Serializer[Any]):
    """Repeated fields are refused, because either value could be the intended one."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, MultiValueDict):
            data = self._each_once(data)
        return super().to_internal_value(data)

    def _each_once(self, data: MultiValueDict[str, Any]) -> dict[str, Any]:
        """As a plain dict: in a MultiValueDict, an empty value would count as a missing field."""
        repeated = sorted(name for name in self._named(data) if len(data.getlist(name)) > 1)
        if repeated:
            once = serializers.ErrorDetail(gettext("Send this field once."), "repeated_field")
            raise serializers.ValidationError({name[:100]: [once] for name in repeated[:20]})
        return data.dict()

    def _named(self, data: MultiValueDict[str, Any]) -> set[str]:
        return set(data) & set(self.fields)


class KnownFieldsOnly(EachFieldOnce):
    """Unknown fields are refused, because they are nearly always typing errors."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, MultiValueDict):
            data = self._each_once(data)
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)  # which says what is wrong
        unknown = sorted(set(data) - set(self.fields))
        if unknown:
            none = serializers.ErrorDetail(gettext("There is no such field."), "unknown_field")
            raise serializers.ValidationError({name[:100]: [none] for name in unknown[:20]})
        return super().to_internal_value(data)

    def _named(self, data: MultiValueDict[str, Any]) -> set[str]:
        return set(data)


class PlainTextField(serializers.CharField):
    """Text without null characters, as the schema states. Numbers in JSON are refused."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


@extend_schema_field(
    {"type": "string", "maxLength": languages.LONGEST, "pattern": f"^({languages.PATTERN})?$"}
)
class Language(PlainTextField):
    """The language of the media, stated by the sender."""

    def __init__(self, **kwargs: Any) -> None:
        help_text = (
            "The language of the media: a BCP 47 tag such as `de`, `pt-BR` or `zh-Hant`, without "
            "extensions."
        )
        super().__init__(
            **{"required": False, "allow_blank": True, "help_text": help_text, **kwargs}
        )

    def run_validation(self, data: Any = serializers.empty) -> Any:
        text = super().run_validation(data)
        try:
            return languages.tag(text)
        except Refusal as refusal:
            raise serializers.ValidationError(refusal.sentence, refusal.code) from refusal


@extend_schema_field(
    {"type": "string", "maxLength": languages.LONGEST, "pattern": f"^{languages.PATTERN}$"}
)
class LanguageAsked(Language):
    """In a filter, where an empty value is not allowed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_blank=False, **kwargs)


UUIDS = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@extend_schema_field({"type": "string", "pattern": f"^{UUIDS}(,{UUIDS}){{0,{MOST_IDS - 1}}}$"})
class Ids(serializers.CharField):
    """Several ids in one field."""

    def to_internal_value(self, data: Any) -> Any:
        texts = super().to_internal_value(data).split(",")
        try:
            return [UUID(one.strip()) for one in texts[: MOST_IDS + 1]][:MOST_IDS]
        except ValueError as error:
            sentence = "One of these is not a valid submission id."
            raise serializers.ValidationError(sentence, "invalid") from error


@extend_schema_field({"oneOf": [{"type": "string", "format": "date"},
                                {"type": "string", "format": "date-time"}]})  # fmt: skip
class DayOrMoment(serializers.DateTimeField):
    """`2026-11-28`, or `2026-11-28T09:30:00Z`."""

    def to_internal_value(self, value: Any) -> Any:
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            return super().to_internal_value(value)


def livemode(serializer: serializers.BaseSerializer[Any]) -> bool:
    return not actor_of(serializer.context["request"]).is_test
