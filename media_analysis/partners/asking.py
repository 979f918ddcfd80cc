"""What several operations read from a request, and how the schema describes it."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request, is_form_media_type

from accounts.refusals import Refusal
from media_analysis.partners.fields import EachFieldOnce

KEY = re.compile(r"[\x21-\x7e]{1,255}")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"},
    OpenApiParameter.HEADER,
    description="Your own text of up to 255 visible ASCII characters. A repeated request with "
    "the same key is processed once. A different request with the same key answers "
    "422.",
)
DIGEST = "sha-(256=:[A-Za-z0-9+/]{43}=|512=:[A-Za-z0-9+/]{86}==):"
REPR_DIGEST = OpenApiParameter(
    "Repr-Digest",
    {"type": "string", "pattern": f"^{DIGEST}(, {DIGEST})?$"},
    OpenApiParameter.HEADER,
    description="The sha-256 or sha-512 of the whole body in the format of RFC 9530. If the "
    "body differs, the answer is 422. Use the field `sha256` for the file alone.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of your latest answer. If nothing changed, the answer is 304.",
)
NOT_NEW = OpenApiResponse(description="Nothing changed since the answer with this ETag.")


def idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise Refusal("idempotency_key_invalid")
    return key


def json_body(request: Request) -> Any:
    """The framework takes a form that was read before it for no body at all."""
    if is_form_media_type(request.content_type):
        raise UnsupportedMediaType(request.content_type)
    return request.data


def query_of(request: Request, kind: type[EachFieldOnce]) -> dict[str, Any]:
    """What the query asks for. Most ask for nothing, and a form costs more than its answer then."""
    if not request.query_params:
        return {}
    serializer = kind(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    wanted: dict[str, Any] = serializer.validated_data
    return wanted
