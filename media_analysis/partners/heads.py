"""Requests whose head makes no sense: refused before anything looks at them."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from media_analysis.partners.bodies import API, Trouble, told_as_json

UNKNOWN_HOST = Trouble(
    400, "unknown_host", "This site is not known under the name that the request's Host says."
)
MALFORMED = Trouble(400, "malformed_address", "The address holds a character that none can hold.")
CHARSET = Trouble(
    415, "charset_not_supported", "Text is read as UTF-8 here: send it as UTF-8, and say no other."
)
UNREADABLE_TYPE = Trouble(
    400, "malformed_type", "The request's Content-Type cannot be read: check it, and send it again."
)
READ = {"utf-8", "ascii"}


class HonestHeads:
    """Middleware, the first of all. Its answers need no template, for a page needs a good head."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        trouble = self._trouble(request)
        if trouble is None:
            return self.get_response(request)
        if request.path.startswith(API):
            return told_as_json(trouble)
        words = f"{trouble.sentence}\n\nCode: {trouble.code}\n"
        answer = HttpResponse(words, status=trouble.status, content_type="text/plain")
        answer["X-Content-Type-Options"] = "nosniff"
        return answer

    def _trouble(self, request: HttpRequest) -> Trouble | None:
        try:
            request.get_host()
        except DisallowedHost:
            return UNKNOWN_HOST
        if "\x00" in request.path:
            return MALFORMED
        if getattr(request, "has_unreadable_type", False):
            return UNREADABLE_TYPE
        charset = (request.content_params or {}).get("charset")
        return CHARSET if charset and not _is_read(charset) else None


def _is_read(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in READ
    except (LookupError, ValueError):
        return False
