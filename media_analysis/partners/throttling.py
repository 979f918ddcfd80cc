"""So many requests a minute for each caller, told in `RateLimit-*` headers.

A courtesy between programs, not a wall: the front server limits what comes from one address. A
window begins with its first request and ends by itself; one statement counts, by the database's
clock, so that no request is forgotten however many arrive at once.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from django.db import connection
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from accounts.actors import actor_of
from accounts.client import ip_of
from media_analysis.partners import waiting

COUNT = """
INSERT INTO partners_allowance AS mine (caller, since, used) VALUES (%(who)s, clock_timestamp(), 1)
ON CONFLICT (caller) DO UPDATE SET
    used = CASE WHEN mine.since > excluded.since - %(window)s::interval
        THEN mine.used + 1 ELSE 1 END,
    since = CASE WHEN mine.since > excluded.since - %(window)s::interval
        THEN mine.since ELSE excluded.since END
RETURNING used, extract(epoch FROM since + %(window)s::interval - clock_timestamp())::float
"""


class CallerThrottle(SimpleRateThrottle):
    """Reading and sending are counted apart; settings.REST_FRAMEWORK names the rates."""

    scope = "read"
    used = 0
    ends_in = 0.0

    def __init__(self) -> None:
        """The rate depends on the request, so it is looked up in `allow_request`."""

    def allow_request(self, request: Request, view: Any) -> bool:
        self.scope = "read" if request.method in ("GET", "HEAD", "OPTIONS") else "write"
        self.num_requests, self.duration = self.parse_rate(self.get_rate())
        kept = waiting.waited(request).get("kept", {})
        if "allowance" in kept:  # one request, though the view runs anew
            self.used, self.ends_in = kept["allowance"]
        else:
            self.used, self.ends_in = self._counted(self._caller(request))
        request._rate_limit = self  # type: ignore[attr-defined]
        return self.used <= (self.num_requests or 0)

    def _caller(self, request: Request) -> str:
        who = actor_of(request).who
        ident = f"{who.kind}-{who.id}" if who.id else ip_of(request._request) or "unknown"
        return f"{self.scope}:{ident}"[:120]

    def _counted(self, caller: str) -> tuple[int, float]:
        with connection.cursor() as cursor:
            window = f"{self.duration or 0} seconds"
            cursor.execute(COUNT, {"who": caller, "window": window})
            used, ends_in = cursor.fetchone()
        return used, max(ends_in, 0.0)

    def wait(self) -> float:
        return self.ends_in

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.num_requests),
            "RateLimit-Remaining": str(max((self.num_requests or 0) - self.used, 0)),
            "RateLimit-Reset": str(ceil(self.ends_in)),
        }
