"""What every view of the interface does first and last: check the address, state the limits."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.refusals import Refusal
from media_analysis.partners import deprecation
from media_analysis.partners.throttling import CallerThrottle

LONGEST_ADDRESS = 4000
"""Web servers read a little more, and say nothing about what was too long."""


class TellsItsLimits:
    """Adds rate limits and deprecations to the headers of every answer."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        try:
            if len(request.get_full_path()) > LONGEST_ADDRESS:
                raise Refusal("address_too_long", limit=LONGEST_ADDRESS)
            super().initial(request, *args, **kwargs)  # type: ignore[misc]
        except Exception:
            self._count(request)
            raise

    def _count(self, request: Request) -> None:
        """What was refused before it was counted. Strangers are counted by their address."""
        if hasattr(request, "_rate_limit"):
            return
        throttle = CallerThrottle()
        try:
            allowed = throttle.allow_request(request, self)
        except DatabaseError:
            return  # the error that is on its way says so
        if not allowed:
            raise Throttled(throttle.wait())

    def finalize_response(self, request: Any, response: Response, *args: Any, **kw: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kw)  # type: ignore[misc]
        throttle = getattr(request, "_rate_limit", None)
        if throttle is not None:
            for name, value in throttle.headers().items():
                response[name] = value
        if (mark := deprecation.of_view(self)) is not None:
            for name, value in mark.headers().items():
                response[name] = value
        return response
