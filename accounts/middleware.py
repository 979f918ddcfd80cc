"""Keeps each session's last place and time, so that people can recognise their own logins."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

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
