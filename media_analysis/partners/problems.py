"""Errors of the REST interface: RFC 9457 problem details with stable codes."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from media_analysis.partners.bodies import MALFORMED, trouble_of

log = logging.getLogger(__name__)
TYPES = "https://touchstone.invalid/problems/"
"""An identifier, as RFC 9457 allows, and no address: docs/api.md explains each code."""


class Problem(exceptions.APIException):
    """One clear sentence and a stable code."""

    def __init__(self, http_status: int, code: str, sentence: str) -> None:
        super().__init__(sentence, code)
        self.status_code = http_status


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, Http404):
        error = exceptions.NotFound("There is nothing here that you may see.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif trouble := trouble_of(error):
        error = Problem(trouble.status, trouble.code, trouble.sentence)
    elif isinstance(error, exceptions.ParseError):
        error = Problem(MALFORMED.status, MALFORMED.code, MALFORMED.sentence)
    elif isinstance(error, DatabaseError):
        log.exception("the database did not answer a REST request")
        error = Problem(503, "unavailable", "The service is not available now; try again shortly.")
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    body: dict[str, Any] = {
        "type": TYPES + _code(error),
        "title": _title(error),
        "status": error.status_code,
        "code": _code(error),
        "detail": _sentence(error),
    }
    if isinstance(error, exceptions.ValidationError):
        body["errors"] = _fields(error.get_full_details())
    response = Response(body, status=error.status_code, content_type="application/problem+json")
    if challenge := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait) + 1)
    return response


def _code(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else "invalid"


def _title(error: exceptions.APIException) -> str:
    words = {
        status.HTTP_400_BAD_REQUEST: "The request is not right",
        status.HTTP_401_UNAUTHORIZED: "Not signed in",
        status.HTTP_403_FORBIDDEN: "Not allowed",
        status.HTTP_404_NOT_FOUND: "Not found",
        status.HTTP_405_METHOD_NOT_ALLOWED: "Method not allowed",
        status.HTTP_409_CONFLICT: "Conflict",
        status.HTTP_406_NOT_ACCEPTABLE: "Not acceptable",
        status.HTTP_414_REQUEST_URI_TOO_LONG: "Address too long",
        status.HTTP_413_REQUEST_ENTITY_TOO_LARGE: "Too large",
        status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: "This type is not read here",
        status.HTTP_422_UNPROCESSABLE_ENTITY: "This cannot be done",
        status.HTTP_429_TOO_MANY_REQUESTS: "Too many requests",
        status.HTTP_503_SERVICE_UNAVAILABLE: "Not available",
    }
    return words.get(error.status_code, "Error")


def _sentence(error: exceptions.APIException) -> str:
    if isinstance(error.detail, str):
        return str(error.detail)
    return "Some fields are not right; each is named below."


def _fields(details: Any, path: str = "") -> list[dict[str, str]]:
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        return [{"field": path, "code": details["code"], "detail": str(details["message"])}]
    pairs = details.items() if isinstance(details, dict) else enumerate(details)
    found: list[dict[str, str]] = []
    for name, inner in pairs:
        is_field = isinstance(details, dict)
        found += _fields(inner, f"{path}.{name}".lstrip(".") if is_field else path)
    return found
