"""Decorators of views that take a form: nobody's words are lost at a sign-in page.

A session may end between the page and the form's arrival. The browser then comes back from the
sign-in page with a GET, and without what was written.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    JsonResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from accounts.refusals import Refusal

View = Callable[..., HttpResponseBase]
NOTHING_DONE = gettext_lazy(
    "Nothing was done. This happens after you sign in again or reload. Use the form on this page."
)
_NOT_WORDS = re.compile(r"csrf|pass|fence|token|code|query|cursor")
_NO_WORD = re.compile(r"[0-9a-f-]*|\s*|[0-9]+")
LONGEST = 8000
FIELDS = {
    "answer": gettext_noop("Answer"),
    "email": gettext_noop("Email address"),
    "external_id": gettext_noop("External id"),
    "language": gettext_noop("Language"),
    "name": gettext_noop("Name"),
    "note": gettext_noop("Note"),
    "outcome": gettext_noop("Outcome"),
    "policy": gettext_noop("Policy"),
    "policy_context": gettext_noop("Policy context"),
    "reason": gettext_noop("Reason"),
    "text": gettext_noop("Text"),
    "why": gettext_noop("Reason"),
}
"""What the fields are called whose words are shown again."""


def post_only(page: str, *names: str) -> Callable[[View], View]:
    """Takes POST alone. A GET is led to the page that has the form: `page` is its URL name, and
    `names` are the arguments of this address that it takes."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            if request.method in ("GET", "HEAD"):
                if request.user.is_authenticated:
                    messages.info(request, NOTHING_DONE)
                return redirect(page, *(kwargs[name] for name in names))
            return HttpResponseNotAllowed(["POST"])

        guarded.page = lambda kwargs: reverse(page, args=[kwargs[n] for n in names])  # type: ignore[attr-defined]
        return guarded

    return decorate


def signed_in(view: View) -> View:
    """Requires a signed-in person. Otherwise a script gets a 401, and a form with text gets a page
    that shows the text, so that it can be copied."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        page = getattr(view, "page", None)
        return signed_out(request, page(kwargs) if page else request.get_full_path())

    return guarded


def signed_out(request: HttpRequest, page: str) -> HttpResponse:
    """The answer to somebody who is no longer signed in. `page` is where they continue."""
    if request.headers.get("Accept") == "application/json":
        refusal = Refusal("signed_out")
        body = {"code": refusal.code, "sentence": refusal.sentence}
        return JsonResponse(body, status=refusal.status)
    words = _words(request) if request.method == "POST" else []
    if not words:
        return redirect_to_login(page)
    context = {"words": words, "sign_in_url": redirect_to_login(page)["Location"]}
    response = render(request, "account/signed_out.html", context, status=403)
    response["Cache-Control"] = "no-store"
    return response


def _words(request: HttpRequest) -> list[tuple[str, str]]:
    """What a person wrote, without tokens, ids and numbers."""
    return [
        (gettext(FIELDS.get(name, "")) or name.replace("_", " ").capitalize(), value[:LONGEST])
        for name, values in request.POST.lists()
        for value in map(str, values)
        if not _NOT_WORDS.search(name) and not _NO_WORD.fullmatch(value)
    ]
