"""Keeps where each session comes from, answers in the language that the person chose, and leads
whoever needs a second factor to set one up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import redirect
from django.urls import ResolverMatch, reverse
from django.utils import timezone, translation
from django.utils.http import urlencode

from accounts.actors import actor_of
from accounts.api_auth import SCHEME
from accounts.client import ip_of, user_agent_of
from accounts.models import User
from accounts.refusals import Refusal
from accounts.services import second_factor
from accounts.sessions import SessionStore

GetResponse = Callable[[HttpRequest], HttpResponse]


class SessionOrigin:
    """After SessionMiddleware and AuthenticationMiddleware."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session = request.session
        if isinstance(session, SessionStore):
            session.came_from(ip_of(request), user_agent_of(request))
            if session.session_key and request.user.is_authenticated:
                session.touch()
        return self.get_response(request)


class OwnLanguage(LocaleMiddleware):
    """The language of the account, else of the cookie, else of the browser or the program. After
    AuthenticationMiddleware, for it asks who is signed in."""

    def process_request(self, request: HttpRequest) -> None:
        own = getattr(request.user, "language", "")
        translation.activate(own or translation.get_language_from_request(request))
        request.LANGUAGE_CODE = translation.get_language()


class SecondFactorRule:
    """A team may ask its members for a second factor. Whoever lacks one reaches only the pages of
    their account. Keys of programs are not asked."""

    FREE = ("account_", "accounts_", "mfa_", "openid_connect_", "socialaccount_", "usersessions_")
    """Beginnings of the names of pages that stay open: to sign in and out, and to set one up."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or not isinstance(request.user, User) or self._is_free(request, match):
            return None
        begins = actor_of(request).second_factor_from
        if begins is None or second_factor.has_one(request.user):
            return None
        if begins > timezone.now():
            request.second_factor_from = begins  # type: ignore[attr-defined]  # base.html tells it
            return None
        return _needed(request, is_rest=match.namespace == "api")

    def _is_free(self, request: HttpRequest, match: ResolverMatch) -> bool:
        scheme = request.headers.get("Authorization", "").partition(" ")[0]
        by_key = match.namespace == "api" and scheme.lower() == SCHEME.lower()
        name = match.url_name or ""
        own = not match.namespace and name.startswith((*self.FREE, "scripts_language"))
        return own or by_key


def _needed(request: HttpRequest, *, is_rest: bool) -> HttpResponse:
    refusal = Refusal("second_factor_needed")
    if is_rest:
        body = {
            "type": "about:blank", "title": "Forbidden", "status": refusal.status,
            "code": refusal.code, "detail": refusal.sentence,
        }  # fmt: skip
        return JsonResponse(body, status=refusal.status, content_type="application/problem+json")
    if request.headers.get("Accept") == "application/json":
        said = {"code": refusal.code, "sentence": refusal.sentence}
        return JsonResponse(said, status=refusal.status)
    page = reverse("accounts_second_factor")
    if request.method in ("GET", "HEAD"):
        page += "?" + urlencode({"next": request.get_full_path()})
    return redirect(page)
