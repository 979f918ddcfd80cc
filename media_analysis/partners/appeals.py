"""Appeals over REST: object to a decision, and withdraw the appeal. Translates HTTP only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.actors import actor_of
from accounts.api_auth import allows
from accounts.roles import Permission
from media_analysis.partners.appeal_shapes import AppealSerializer, AppealTextSerializer
from media_analysis.partners.asking import IDEMPOTENCY_KEY, idempotency_key, json_body
from media_analysis.partners.found import the_one
from media_analysis.partners.limits import TellsItsLimits
from media_analysis.partners.schema import problems
from media_analysis.review.presenters.appeals import shape
from media_analysis.review.services import appeals
from media_analysis.submissions.models import Submission


class Appeals(TellsItsLimits, ViewSet):
    parser_classes = [JSONParser]

    def get_permissions(self) -> list[BasePermission]:
        return [allows(Permission.APPEAL_DECISIONS)()]

    @extend_schema(
        operation_id="submissions_appeal",
        summary="Appeal the decision in force",
        parameters=[IDEMPOTENCY_KEY],
        request=AppealTextSerializer,
        responses={201: AppealSerializer, **problems(400, 404, 409, 410, 411, 413, 415, 422)},
    )
    def make(self, request: Request, pk: UUID) -> Response:
        serializer: Any = AppealTextSerializer(data=json_body(request))
        serializer.is_valid(raise_exception=True)
        appeal, found = appeals.make(
            actor_of(request), _mine(request, pk), serializer.validated_data["text"],
            key=idempotency_key(request) or "",
        )  # fmt: skip
        headers = {"Idempotent-Replayed": "true" if found else "false"}
        return Response(shape(appeal), status=201, headers=headers)

    @extend_schema(
        operation_id="submissions_withdraw_appeal",
        summary="Withdraw the open appeal",
        request=None,
        responses={200: AppealSerializer, **problems(404, 409, 410)},
    )
    def withdraw(self, request: Request, pk: UUID) -> Response:
        return Response(shape(appeals.withdraw(actor_of(request), _mine(request, pk))))


def _mine(request: Request, pk: UUID) -> Submission:
    return the_one(actor_of(request), Permission.APPEAL_DECISIONS, pk)
