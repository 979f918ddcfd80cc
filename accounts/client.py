"""Where a request comes from. Headers that a client can set are believed only behind a proxy that
the settings name (ALLAUTH_TRUSTED_PROXY_COUNT, ALLAUTH_TRUSTED_CLIENT_IP_HEADER)."""

from __future__ import annotations

import ipaddress

from allauth.core.internal.httpkit import get_client_ip
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest


def ip_of(request: HttpRequest) -> str | None:
    try:
        ip = get_client_ip(request)
    except ImproperlyConfigured:  # fewer hops than trusted proxies: somebody came round them
        return None
    return _plain(ip) if ip else None


def _plain(ip: str) -> str | None:
    try:
        address = ipaddress.ip_address(ip.strip())
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def user_agent_of(request: HttpRequest) -> str:
    return request.headers.get("user-agent", "")
