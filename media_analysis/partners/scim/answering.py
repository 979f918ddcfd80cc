"""How SCIM is read and answered: its media type, its errors, and one throttle with the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import IO, Any

from pydantic import ValidationError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView, set_rollback
from scim2_models import Error, SCIMException

from accounts.actors import actor_of
from accounts.api_auth import ApiKeyAuthentication, allows
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.partners import problems
from media_analysis.partners.limits import TellsItsLimits

MEDIA_TYPE = "application/scim+json"
KINDS = {
    "provisioned_already": "uniqueness",
    "provisioned_group_known": "uniqueness",
    "provisioned_address_missing": "invalidValue",
    "provisioned_member_unknown": "invalidValue",
    "provisioned_text": "invalidValue",
    "malformed_body": "invalidSyntax",
}
"""The standard's words for our codes."""


class ScimRenderer(JSONRenderer):
    media_type = MEDIA_TYPE
    format = "scim"


class ScimParser(BaseParser):
    media_type = MEDIA_TYPE

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        try:
            values = json.loads(stream.read().decode())
            whole = json.dumps(values, ensure_ascii=False).encode()  # no half characters
        except (ValueError, RecursionError) as error:
            raise ParseError from error
        if b"\\u0000" in whole:
            raise Refusal("provisioned_text")
        return values


class JsonParser(ScimParser):
    media_type = "application/json"


class ScimView(TellsItsLimits, APIView):
    """For the team's identity provider alone: no session and no partner's key opens it."""

    authentication_classes = [ApiKeyAuthentication]
    permission_classes: list[type[BasePermission]] = [allows(Permission.PROVISION_MEMBERS)]
    parser_classes = [ScimParser, JsonParser]
    renderer_classes = [ScimRenderer, JSONRenderer]
    schema = None

    @property
    def team(self) -> Team:
        """A key has one."""
        return Team.objects.for_actor(actor_of(self.request), Permission.PROVISION_MEMBERS).get()

    @property
    def root(self) -> str:
        return str(reverse("scim:root", request=self.request))

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        return handler


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The standard's errors from the library, and ours in its shape."""
    if isinstance(error, SCIMException):
        return _answered(error.to_error())
    if isinstance(error, ValidationError):
        return _answered(Error.from_validation_errors(error)[0])
    if isinstance(error, RecursionError):
        return _answered(Error(status=400, scim_type="invalidSyntax", detail="Nested too deeply."))
    answer = problems.handler(error, context)
    if answer is None:
        return None
    problem = answer.data or {}
    shape = Error(
        status=answer.status_code,
        scim_type=KINDS.get(str(problem.get("code"))),
        detail=str(problem.get("detail", "")),
    )
    return _answered(shape, {k: v for k, v in answer.headers.items() if k != "Content-Type"})


def _answered(error: Error, headers: dict[str, str] | None = None) -> Response:
    set_rollback()
    status = int(error.status or 400)
    return Response(error.model_dump(), status, headers=headers, content_type=MEDIA_TYPE)


def body_of(request: Request) -> Any:
    if not isinstance(request.data, dict) or not request.data:
        raise ParseError
    return request.data
