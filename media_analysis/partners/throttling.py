"""Rate limits per minute for each caller, reported in `RateLimit-*` headers.

They keep programs fair and are no wall: the front server limits what comes from one address. A
window starts with its first request. One statement counts, by the database's clock, so that no
request is missed however many arrive at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from django.db import connection
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from accounts.actors import actor_of
from accounts.client import ip_of
from accounts.models import ApiKey, ServiceAccount, Team
from media_analysis.partners import waiting

MINUTE = 60
COUNT = """
INSERT INTO partners_allowance AS mine (caller, since, used) VALUES (%(who)s, clock_timestamp(), 1)
ON CONFLICT (caller) DO UPDATE SET
    used = CASE WHEN mine.since > excluded.since - %(window)s::interval
        THEN mine.used + 1 ELSE 1 END,
    since = CASE WHEN mine.since > excluded.since - %(window)s::interval
        THEN mine.since ELSE excluded.since END
RETURNING used, extract(epoch FROM since + %(window)s::interval - clock_timestamp())::float
"""


@dataclass(frozen=True)
class Limit:
    whose: str
    """`partner`, `key` or `team`; `caller` where no partner's program calls."""
    caller: str
    """Under which the requests are counted."""
    requests: int
    seconds: int


@dataclass(frozen=True)
class Allowance:
    """What is left of the limit that ends first."""

    limit: int
    used: int
    ends_in: float

    @property
    def left(self) -> int:
        return self.limit - self.used


class CallerThrottle(SimpleRateThrottle):
    """Reading and sending are counted apart. A key has its own rate, or counts with the partner's
    other keys under the partner's; without one, `settings.REST_FRAMEWORK` names it. What is allowed
    so is counted under the team's rate, where it has one."""

    allowance = Allowance(0, 0, 0.0)

    def __init__(self) -> None:
        """The rate depends on the request, so it is looked up in `allow_request`."""

    def allow_request(self, request: Request, view: Any) -> bool:
        kept = waiting.waited(request).get("kept", {})
        if "allowance" in kept:  # one request, although the view runs again
            self.allowance = Allowance(*kept["allowance"])
        else:
            self.allowance = self._least_of(limits(request))
        request._rate_limit = self  # type: ignore[attr-defined]
        return self.allowance.left >= 0

    def _least_of(self, found: list[Limit]) -> Allowance:
        """One that is used up ends the counting: what is refused uses up nothing of the team's."""
        counted: list[Allowance] = []
        for one in found:
            counted.append(Allowance(one.requests, *self._counted(one.caller, one.seconds)))
            if counted[-1].left < 0:
                return counted[-1]
        return min(counted, key=lambda allowance: allowance.left)

    def _counted(self, caller: str, seconds: int) -> tuple[int, float]:
        with connection.cursor() as cursor:
            cursor.execute(COUNT, {"who": caller, "window": f"{seconds} seconds"})
            used, ends_in = cursor.fetchone()
        return used, max(ends_in, 0.0)

    def wait(self) -> float:
        return self.allowance.ends_in

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.allowance.limit),
            "RateLimit-Remaining": str(max(self.allowance.left, 0)),
            "RateLimit-Reset": str(ceil(self.allowance.ends_in)),
        }


def limits(request: Request, scope: str = "") -> list[Limit]:
    """The request's own first, then that of the team. `scope` in place of the request's."""
    scope = scope or ("read" if request.method in ("GET", "HEAD", "OPTIONS") else "write")
    actor, service = actor_of(request), actor_of(request).service
    who = f"{actor.who.kind}-{actor.who.id}" if actor.who.id else ip_of(request._request)
    requests, seconds = CallerThrottle().parse_rate(CallerThrottle.THROTTLE_RATES[scope])
    own = Limit("caller", f"{scope}:{who or 'unknown'}"[:120], requests or 0, seconds or 0)
    if service is None:
        return [own]
    key = request.auth
    if isinstance(key, ApiKey) and (rate := _rate_of(key, scope)):
        own = Limit("key", f"{scope}:key-{key.pk}", rate, MINUTE)
    else:
        rate = _rate_of(service, scope)
        own = replace(own, whose="partner", requests=rate or own.requests,
                      seconds=MINUTE if rate else own.seconds)  # fmt: skip
    if service.provisions or not (rate := _rate_of(service.team, scope)):
        return [own]
    return [own, Limit("team", f"{scope}:team-{service.team_id}", rate, MINUTE)]


def _rate_of(owner: Team | ServiceAccount | ApiKey, scope: str) -> int | None:
    return owner.read_rate if scope == "read" else owner.write_rate
