"""So many requests a minute for each caller, told in `RateLimit-*` headers.

A courtesy between programs, not a wall: the front server limits what comes from one address.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle

from accounts.actors import actor_of


class CallerThrottle(SimpleRateThrottle):
    """Reading and sending are counted apart; settings.REST_FRAMEWORK names the rates."""

    scope = "read"

    def __init__(self) -> None:
        """The rate depends on the request, so it is looked up in `allow_request`."""

    def allow_request(self, request: Request, view: Any) -> bool:
        self.scope = "read" if request.method in ("GET", "HEAD", "OPTIONS") else "write"
        self.rate = self.get_rate()
        self.num_requests, self.duration = self.parse_rate(self.rate)
        allowed = super().allow_request(request, view)
        request._rate_limit = self  # type: ignore[attr-defined]
        return allowed

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        who = actor_of(request).who
        ident = f"{who.kind}-{who.id}" if who.id else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}

    def headers(self) -> dict[str, str]:
        oldest = self.history[-1] if self.history else self.now
        return {
            "RateLimit-Limit": str(self.num_requests),
            "RateLimit-Remaining": str(max((self.num_requests or 0) - len(self.history), 0)),
            "RateLimit-Reset": str(max(ceil(oldest + (self.duration or 0) - self.now), 0)),
        }


class TellsItsLimits:
    """For views: every answer says how much is left."""

    def finalize_response(self, request: Any, response: Response, *args: Any, **kw: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kw)  # type: ignore[misc]
        throttle = getattr(request, "_rate_limit", None)
        if throttle is not None:
            for name, value in throttle.headers().items():
                response[name] = value
        return response
