"""Lets partners' programs in: `Authorization: Bearer tsk_...`."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from structlog.contextvars import bind_contextvars

from accounts.actors import actor_of
from accounts.client import ip_of
from accounts.models import ApiKey, ServiceAccount
from accounts.roles import Permission
from accounts.services.keys import KeyRefused, key_behind

SCHEME = "Bearer"


class ApiKeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[ServiceAccount, ApiKey] | None:
        header = get_authorization_header(request).split()
        if not header or header[0].lower() != SCHEME.lower().encode():
            return None
        if len(header) != 2:
            raise AuthenticationFailed(
                "Send the key as one word: Authorization: Bearer tsk_...", code="malformed_key"
            )
        try:
            key = key_behind(header[1].decode("ascii", "replace"), ip=ip_of(request._request))
        except KeyRefused as refusal:
            if refusal.code == "wrong_network":
                raise PermissionDenied(refusal.sentence, code=refusal.code) from refusal
            raise AuthenticationFailed(refusal.sentence, code=refusal.code) from refusal
        bind_contextvars(client=f"key:{key.prefix}")
        return key.service, key

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="Touchstone"'


def allows(permission: Permission) -> type[BasePermission]:
    """A REST permission: the caller may do this in at least one team. The view's queryset, which
    starts from `for_actor`, decides about the single object."""

    class Allows(BasePermission):
        message = f"This needs the permission {permission}; your key or role does not have it."

        def has_permission(self, request: Request, view: Any) -> bool:
            return bool(actor_of(request).team_ids(permission))

    return Allows
