"""Legal holds over REST: place one, lift it, list them. Translates HTTP only."""

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
from media_analysis.partners.asking import json_body
from media_analysis.partners.found import the_one
from media_analysis.partners.hold_shapes import (
    HoldFilterSerializer,
    HoldReasonSerializer,
    HoldSerializer,
    HoldsSerializer,
)
from media_analysis.partners.limits import TellsItsLimits
from media_analysis.partners.schema import problems
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import holds


class Holds(TellsItsLimits, ViewSet):
    parser_classes = [JSONParser]

    def get_permissions(self) -> list[BasePermission]:
        return [allows(Permission.HOLD_SUBMISSIONS)()]

    @extend_schema(
        operation_id="holds_list",
        summary="List the team's legal holds, newest first",
        parameters=[HoldFilterSerializer],
        responses={200: HoldsSerializer, **problems(400)},
    )
    def list(self, request: Request) -> Response:
        serializer = HoldFilterSerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data
        page = holds.page(
            actor_of(request), submission=wanted.get("submission"), lifted=wanted["lifted"],
            after=wanted.get("after"),
        )  # fmt: skip
        more = _next(request, page.older) if page.older else None
        return Response({"next": more, "results": HoldSerializer(page.rows, many=True).data})

    @extend_schema(
        operation_id="submissions_hold",
        summary="Place a legal hold, which prevents erasure",
        request=HoldReasonSerializer,
        responses={201: HoldSerializer, **problems(400, 404, 409, 410, 411, 413, 415, 422)},
    )
    def place(self, request: Request, pk: UUID) -> Response:
        hold = holds.place(actor_of(request), _mine(request, pk), _reason(request))
        hold.refresh_from_db()
        return Response(HoldSerializer(hold).data, status=201)

    @extend_schema(
        operation_id="submissions_lift_hold",
        summary="Lift the legal hold (pending erasures proceed)",
        request=HoldReasonSerializer,
        responses={200: HoldSerializer, **problems(400, 404, 409, 410, 411, 413, 415, 422)},
    )
    def lift(self, request: Request, pk: UUID) -> Response:
        hold = holds.lift(actor_of(request), _mine(request, pk), _reason(request))
        return Response(HoldSerializer(hold).data)


def _reason(request: Request) -> str:
    serializer: Any = HoldReasonSerializer(data=json_body(request))
    serializer.is_valid(raise_exception=True)
    return str(serializer.validated_data["reason"])


def _mine(request: Request, pk: UUID) -> Submission:
    return the_one(actor_of(request), Permission.HOLD_SUBMISSIONS, pk)


def _next(request: Request, last: int) -> str:
    query = request.query_params.copy()
    query["after"] = str(last)
    return f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"
