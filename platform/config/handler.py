"""Django's WSGI handler, whose requests bear a head that Django cannot read."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest


class Request(WSGIRequest):
    """Django reads the content type where it makes the request, and with a charset the query too:
    what is wrong with them would be raised before any middleware could answer."""

    has_unreadable_type = False

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
        except (ValueError, LookupError, SuspiciousOperation):
            self.has_unreadable_type = True
            self._encoding: str | None = None
            self.content_type, self.content_params = "", {}


class Handler(WSGIHandler):
    request_class = Request
