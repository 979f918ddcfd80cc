"""The first middleware: health probes that need no valid Host, no session and no redirect, and the
ids that every log line of a request carries."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from hmac import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from structlog.contextvars import bind_contextvars, bound_contextvars

from operations import health, metrics, tracing

GetResponse = Callable[[HttpRequest], HttpResponse]
_OWN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class Probes:
    """`/live`, `/ready` and `/metrics`. Kubernetes asks by a pod's address, so Host is not looked
    at, and plain HTTP is not sent on to https."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.answers = {"/live": live, "/ready": ready, "/metrics": figures}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.answers.get(request.path)
        if answer is None or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        response = answer(request)
        response["Cache-Control"] = "no-store"
        response["X-Content-Type-Options"] = "nosniff"
        return response


def live(_request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked: to restart it would mend nothing else."""
    return HttpResponse("live\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """`?only=web` leaves workers and sealing out: a web server without a worker still takes in."""
    names = health.WEB if request.GET.get("only") == "web" else tuple(health.PARTS)
    data = health.as_json(health.readiness(names))
    return JsonResponse(data, status=200 if data["ready"] else 503)


def figures(request: HttpRequest) -> HttpResponse:
    token = settings.METRICS_TOKEN
    if not token:
        words = "Set METRICS_TOKEN to have figures here.\n"
        return HttpResponse(words, status=404, content_type="text/plain")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not compare_digest(given.encode(), token.encode()):
        words = "Send the METRICS_TOKEN of this site as a bearer token.\n"
        answer = HttpResponse(words, status=401, content_type="text/plain")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    body, content_type = metrics.exposition()
    return HttpResponse(body, content_type=content_type)


class LogIds:
    """Gives each request an id, which its answer and all of its log lines bear; that of a front
    server is kept. Counts the request by its route, never by its path."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        number = given if _OWN_ID.fullmatch(given) else secrets.token_hex(8)
        began, at = time.perf_counter(), time.time_ns()
        with bound_contextvars(request=number, client="", submission=""), tracing.noting() as found:
            response = self.get_response(request)
        response["X-Request-ID"] = number
        route = request.resolver_match.route if request.resolver_match else ""
        metrics.count_request(
            request.method or "", route, response.status_code, time.perf_counter() - began
        )
        if tracing.is_on():
            tracing.request_ended(
                at, request.method or "", route, response.status_code, number, found
            )
        return response

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, kwargs: dict[str, object]
    ) -> None:
        if "pk" in kwargs and request.path.startswith(("/s/", "/api/v1/submissions/")):
            bind_contextvars(submission=str(kwargs["pk"]))
