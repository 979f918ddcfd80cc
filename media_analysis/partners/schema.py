"""What drf-spectacular cannot derive: how a key is sent, that unknown fields are refused, and that
text has no null character."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.utils import OpenApiResponse

from media_analysis.partners.fields import PlainTextField
from media_analysis.partners.serializers import ProblemSerializer

MEANING = {
    400: "Some of the input is invalid. `errors` lists each field.",
    401: "The API key is missing or not valid.",
    403: "The key's scopes or networks, or the caller's role, do not allow it, or the "
    "submission was not sent by this key's partner.",
    404: "The resource does not exist, or the caller may not see it.",
    406: "The request does not accept JSON.",
    409: "The first request with this Idempotency-Key is still in progress, or the state of the "
    "resource does not allow the request, as the sentence states.",
    410: "The submission was erased.",
    411: "The request has no Content-Length.",
    413: "The body is too large. The sentence states the limit.",
    414: "The address is too long.",
    415: "The content type or the file type is not supported.",
    422: "The request is well-formed but cannot be processed. `code` states why, such as an "
    "Idempotency-Key that was used for another request.",
    429: "Too many requests, or a quota is reached. `Retry-After` states when to retry.",
    503: "Temporarily unavailable. Nothing was stored. Try again shortly.",
}
ALWAYS = (401, 403, 406, 414, 429, 503)
NO_NULL_CHARACTER = r"^[^\u0000]*$"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api_auth.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key of your team."}


class WhatIsAccepted(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Without the right to read, an answer lacks what was found."""

    target_class = "media_analysis.partners.serializers.AcceptedSerializer"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        shape = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        required = [name for name in shape["required"] if name not in self.target.FOUND]
        return {**shape, "required": required}


def with_slash(endpoints: list[Any], **kwargs: Any) -> list[Any]:
    """Each address once: the one that answers name."""
    return [endpoint for endpoint in endpoints if endpoint[0].endswith("/")]


def needed_bodies(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """drf-spectacular calls a body optional when none of its fields is always needed. Where one
    of several fields is needed, no body holds none of them."""
    shapes = result["components"]["schemas"]
    for methods in result["paths"].values():
        for about in methods.values():
            body = about.get("requestBody", {})
            for content in body.get("content", {}).values():
                shape = shapes.get(content["schema"].get("$ref", "").rpartition("/")[2], {})
                either = shape.get("oneOf", [])
                if either and all(one.get("required") for one in either):
                    body["required"] = True
    return result


def problems(*own: int) -> dict[Any, Any]:
    """The errors that an operation can answer with: its own, and those that each can. Another
    method than its own (405) is no answer of an operation."""
    return {
        (status, "application/problem+json"): OpenApiResponse(
            ProblemSerializer, description=MEANING[status]
        )
        for status in sorted({*own, *ALWAYS})
    }


class WhatIsSentAgain(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """One delivery, or all since a moment."""

    target_class = "media_analysis.partners.webhook_shapes.AgainSerializer"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        shape = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        either = [
            {"required": [name], "properties": {other: {"not": {}}}}
            for name, other in (("delivery", "since"), ("since", "delivery"))
        ]
        return {**shape, "additionalProperties": False, "oneOf": either}


class WhatWeRead(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = "media_analysis.partners.fields.KnownFieldsOnly"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        shape = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        for name, field in self.target.fields.items():
            if isinstance(field, PlainTextField):
                shape["properties"][name].setdefault("pattern", NO_NULL_CHARACTER)
        return {**shape, "additionalProperties": False}
