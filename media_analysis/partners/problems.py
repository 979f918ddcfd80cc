"""Errors of the REST interface: RFC 9457 problem details with stable codes."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseTrouble
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts.refusals import Refusal
from media_analysis.partners.bodies import problem, refusal_of

log = logging.getLogger(__name__)
OWN_WORDS = {
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "throttled",
    exceptions.ValidationError: "invalid",
    exceptions.ParseError: "malformed_body",
}
"""The framework's errors that the catalogue says in its own words."""
PAUSES = {"too_many_streams": 9}
"""Seconds, of refusals that do not know better."""


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    refusal = _as_refusal(error)
    if refusal is not None:
        status, code, sentence = refusal.status, refusal.code, refusal.sentence
    elif isinstance(error, exceptions.APIException):
        status, code, sentence = error.status_code, str(error.get_codes()), str(error.detail)
    else:
        return None
    set_rollback()
    body = problem(status, code, sentence)
    if isinstance(error, exceptions.ValidationError):
        body["errors"] = _fields(error.get_full_details())
    if refusal is not None and code == "quota_reached":
        body["quota"] = refusal.data
    response = Response(body, status=status, content_type="application/problem+json")
    if challenge := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None) or PAUSES.get(code):
        response["Retry-After"] = str(int(wait) + 1)
    return response


def _as_refusal(error: Exception) -> Refusal | None:
    if refusal := refusal_of(error):
        return refusal
    if isinstance(error, Http404):
        return Refusal("not_found")
    if isinstance(error, PermissionDenied):
        return Refusal("permission_denied")
    if isinstance(error, DatabaseTrouble):
        log.exception("the database did not answer a REST request")
        return Refusal("unavailable")
    code = next((code for kind, code in OWN_WORDS.items() if isinstance(error, kind)), None)
    return Refusal(code) if code else None


def _fields(details: Any, path: str = "") -> list[dict[str, str]]:
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        return [{"field": path, "code": details["code"], "detail": str(details["message"])}]
    pairs = details.items() if isinstance(details, dict) else enumerate(details)
    found: list[dict[str, str]] = []
    for name, inner in pairs:
        is_field = isinstance(details, dict)
        found += _fields(inner, f"{path}.{name}".lstrip(".") if is_field else path)
    return found
