"""Who sends a request, by its head alone: checked before a large body is read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest, parse_cookie

from accounts.api_auth import SCHEME
from accounts.client import ip_of
from accounts.refusals import Refusal
from accounts.services.keys import key_behind
from accounts.sessions import SessionStore


def client_of(environ: dict[str, Any]) -> str | None:
    """The network address, past the proxies that the settings name."""
    return ip_of(_head(environ))


def is_known(environ: dict[str, Any]) -> bool:
    """Whether a key or a session that is good now comes with it. What it may do is asked later."""
    request = _head(environ)
    close_old_connections()
    try:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == SCHEME.lower():
            return _opens(key.strip(), ip_of(request))
        cookies = parse_cookie(environ.get("HTTP_COOKIE", ""))
        cookie = cookies.get(settings.SESSION_COOKIE_NAME)
        if not cookie:
            return False
        request.session = SessionStore(cookie)
        return bool(get_user(request).is_authenticated)
    finally:
        close_old_connections()


def _head(environ: dict[str, Any]) -> HttpRequest:
    request = HttpRequest()
    request.META = environ
    return request


def _opens(key: str, ip: str | None) -> bool:
    try:
        key_behind(key, ip=ip)
    except Refusal:
        return False
    return True
