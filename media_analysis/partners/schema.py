"""What drf-spectacular cannot see by itself: how a key is sent, that no other fields are, and that
text has no null character."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)

NO_NULL_CHARACTER = r"^[^\u0000]*$"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api_auth.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key of your team."}


class WhatWeRead(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = "media_analysis.partners.serializers.KnownFieldsOnly"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        from media_analysis.partners.serializers import Words

        shape = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        for name, field in self.target.fields.items():
            if isinstance(field, Words):
                shape["properties"][name]["pattern"] = NO_NULL_CHARACTER
        return {**shape, "additionalProperties": False}
