"""Leads whoever needs a second factor to set one up, before any page or operation is reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import ResolverMatch, reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.actors import actor_of
from accounts.api_auth import SCHEME
from accounts.models import User
from accounts.refusals import Refusal
from accounts.services import second_factor
from media_analysis.partners import bodies


class SecondFactorRule:
    """A team may ask its members for a second factor. Whoever lacks one reaches only the pages of
    their account. Keys of programs are not asked."""

    FREE = ("account_", "accounts_", "mfa_", "openid_connect_", "socialaccount_", "usersessions_")
    """Beginnings of the names of pages that stay open: to sign in and out, and to set one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
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
        return _needed(request)

    def _is_free(self, request: HttpRequest, match: ResolverMatch) -> bool:
        scheme = request.headers.get("Authorization", "").partition(" ")[0]
        by_key = match.namespace == "api" and scheme.lower() == SCHEME.lower()
        name = match.url_name or ""
        own = not match.namespace and name.startswith((*self.FREE, "scripts_language"))
        return own or by_key


def _needed(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(bodies.API) or request.headers.get("Accept") == "application/json":
        return bodies.answer(request, Refusal("second_factor_needed"))
    page = reverse("accounts_second_factor")
    if request.method in ("GET", "HEAD"):
        page += "?" + urlencode({"next": request.get_full_path()})
    return redirect(page)
