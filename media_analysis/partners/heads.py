"""Requests whose head makes no sense: refused before anything looks at them."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts.refusals import Refusal
from media_analysis.partners.bodies import API, answer_as_problem

READ = {"utf-8", "ascii"}


class HonestHeads:
    """Middleware, the first of all. Its answers need no template, for a page needs a good head."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusal = self._refusal(request)
        if refusal is None:
            return self.get_response(request)
        with translation.override(translation.get_language_from_request(request)):
            return _answer(request, refusal)

    def _refusal(self, request: HttpRequest) -> Refusal | None:
        try:
            request.get_host()
        except DisallowedHost:
            return Refusal("unknown_host")
        if "\x00" in request.path:
            return Refusal("malformed_address")
        if getattr(request, "has_unreadable_type", False):
            return Refusal("malformed_type")
        charset = (request.content_params or {}).get("charset")
        return Refusal("charset_not_supported") if charset and not _is_read(charset) else None


def _answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    if request.path.startswith(API):
        return answer_as_problem(refusal)
    words = f"{refusal.sentence}\n\nCode: {refusal.code}\n"
    answer = HttpResponse(words, status=refusal.status, content_type="text/plain; charset=utf-8")
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _is_read(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in READ
    except (LookupError, ValueError):
        return False
