"""Keeps where each session comes from, and answers in the language that the person chose."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from accounts.client import ip_of, user_agent_of
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
    """The language of the account, the cookie, the browser or the program, in this order. After
    AuthenticationMiddleware, because it asks who is signed in."""

    def process_request(self, request: HttpRequest) -> None:
        own = getattr(request.user, "language", "")
        translation.activate(own or translation.get_language_from_request(request))
        request.LANGUAGE_CODE = translation.get_language()
