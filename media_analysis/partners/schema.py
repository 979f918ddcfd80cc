"""What drf-spectacular cannot see by itself: how a key is sent, that no other fields are, and that
text has no null character."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.utils import OpenApiResponse

from media_analysis.partners.serializers import ProblemSerializer, Words

MEANING = {
    400: "Some of what was sent is not right; `errors` names each field.",
    401: "No API key, or none that works.",
    403: "The key's scopes or networks, or the caller's role, do not allow it; or the submission "
    "was not sent by this key's partner.",
    404: "There is nothing here that the caller may see.",
    406: "The answer is JSON, and the request does not accept JSON.",
    409: "The first request with this Idempotency-Key is still being worked on; or what is asked "
    "for does not fit the state of the thing, as the sentence says.",
    410: "The submission was erased.",
    411: "The request does not say how long it is.",
    413: "More than is read here; the sentence names the limit.",
    414: "The address is too long.",
    415: "Not the form or JSON that is asked for, or not a format that is read.",
    422: "This Idempotency-Key was used before, for another request.",
    429: "Too many requests, or a quota is reached; `Retry-After` says when to come back.",
    503: "Try again shortly; nothing was half-stored.",
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
    target_class = "media_analysis.partners.serializers.KnownFieldsOnly"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        shape = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        for name, field in self.target.fields.items():
            if isinstance(field, Words):
                shape["properties"][name].setdefault("pattern", NO_NULL_CHARACTER)
        return {**shape, "additionalProperties": False}
