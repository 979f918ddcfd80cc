"""Lets partners' programs in: `Authorization: Bearer tsk_...`."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from structlog.contextvars import bind_contextvars

from accounts.actors import actor_of
from accounts.client import ip_of
from accounts.models import ApiKey, ServiceAccount
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.keys import key_behind

SCHEME = "Bearer"


class ApiKeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[ServiceAccount, ApiKey] | None:
        header = get_authorization_header(request).split()
        if not header or header[0].lower() != SCHEME.lower().encode():
            return None
        if len(header) != 2:
            raise _failed(Refusal("malformed_key"))
        try:
            key = key_behind(header[1].decode("ascii", "replace"), ip=ip_of(request._request))
        except Refusal as refusal:
            raise _failed(refusal) from refusal
        bind_contextvars(client=f"key:{key.prefix}")
        return key.service, key

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="Touchstone"'


def _failed(refusal: Refusal) -> AuthenticationFailed | Refusal:
    """As the framework's own error where it has to name the way to sign in."""
    if refusal.status != 401:
        return refusal
    return AuthenticationFailed(refusal.sentence, code=refusal.code)


def allows(permission: Permission) -> type[BasePermission]:
    """A REST permission: the caller may do this in at least one team. The view's queryset, which
    starts from `for_actor`, decides about the single object."""

    class Allows(BasePermission):
        @property
        def message(self) -> str:
            return Refusal("not_allowed", permission=str(permission)).sentence

        def has_permission(self, request: Request, view: Any) -> bool:
            return bool(actor_of(request).team_ids(permission))

    return Allows
