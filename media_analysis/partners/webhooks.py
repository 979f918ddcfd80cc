"""Webhooks over REST: add, change, test and delete them, read their log, have news sent again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import ViewSet

from accounts.actors import actor_of
from accounts.api_auth import allows
from accounts.roles import Permission
from media_analysis.partners.asking import json_body
from media_analysis.partners.limits import TellsItsLimits
from media_analysis.partners.schema import problems
from media_analysis.partners.teams import team_named
from media_analysis.partners.webhook_shapes import (
    AgainDoneSerializer,
    AgainSerializer,
    DeliveriesSerializer,
    DeliverySerializer,
    EndpointAddedSerializer,
    EndpointAddSerializer,
    EndpointChangeSerializer,
    EndpointSerializer,
    EndpointsSerializer,
    LogFilterSerializer,
    SecretSerializer,
)
from media_analysis.webhooks.models import Delivery, Endpoint
from media_analysis.webhooks.search import deliveries
from media_analysis.webhooks.services import endpoints


class Webhooks(TellsItsLimits, ViewSet):
    parser_classes = [JSONParser]

    def get_permissions(self) -> list[BasePermission]:
        return [allows(Permission.MANAGE_WEBHOOKS)()]

    @extend_schema(
        operation_id="webhooks_list",
        summary="List webhooks",
        responses={200: EndpointsSerializer, **problems()},
    )
    def list(self, request: Request) -> Response:
        mine = Endpoint.objects.for_actor(actor_of(request))
        return Response({"results": _serialized(request, mine, many=True)})

    @extend_schema(
        operation_id="webhooks_add",
        summary="Add a webhook",
        request=EndpointAddSerializer,
        responses={201: EndpointAddedSerializer, **problems(400, 404, 409, 411, 413, 415, 422)},
    )
    def create(self, request: Request) -> Response:
        serializer = EndpointAddSerializer(data=json_body(request))
        serializer.is_valid(raise_exception=True)
        wanted = dict(serializer.validated_data)
        actor = actor_of(request)
        team = team_named(actor, wanted.pop("team", None), Permission.MANAGE_WEBHOOKS)
        added = endpoints.add(actor, team, **wanted)
        added.endpoint.refresh_from_db()
        body = {**_serialized(request, added.endpoint), "secret": added.secret}
        where = reverse("api:webhook-detail", args=[added.endpoint.pk], request=request)
        return Response(body, status=201, headers={"Location": str(where)})

    @extend_schema(
        operation_id="webhooks_read",
        summary="Get a webhook and its state",
        responses={200: EndpointSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(_serialized(request, _mine(request, pk)))

    @extend_schema(
        operation_id="webhooks_change",
        summary="Change a webhook or switch it on or off",
        request=EndpointChangeSerializer,
        responses={200: EndpointSerializer, **problems(400, 404, 411, 413, 415, 422)},
    )
    def partial_update(self, request: Request, pk: UUID) -> Response:
        mine = _mine(request, pk)
        serializer = EndpointChangeSerializer(data=json_body(request))
        serializer.is_valid(raise_exception=True)
        changed = endpoints.change(actor_of(request), mine, **serializer.validated_data)
        return Response(_serialized(request, changed))

    @extend_schema(
        operation_id="webhooks_delete",
        summary="Delete a webhook",
        request=None,
        responses={
            204: OpenApiResponse(description="The webhook and its log were deleted."),
            **problems(404),
        },
    )
    def destroy(self, request: Request, pk: UUID) -> Response:
        endpoints.delete(actor_of(request), _mine(request, pk))
        return Response(status=204)

    @extend_schema(
        operation_id="webhooks_rotate",
        summary="Create a new secret (the earlier one also signs for 24 hours)",
        request=None,
        responses={200: SecretSerializer, **problems(404)},
    )
    def rotate(self, request: Request, pk: UUID) -> Response:
        return Response({"secret": endpoints.rotate(actor_of(request), _mine(request, pk))})

    @extend_schema(
        operation_id="webhooks_test",
        summary="Send a test event",
        request=None,
        responses={202: DeliverySerializer, **problems(404, 409)},
    )
    def test(self, request: Request, pk: UUID) -> Response:
        delivery = endpoints.test(actor_of(request), _mine(request, pk))
        fresh = deliveries.of(actor_of(request)).get(pk=delivery.pk)
        return Response(DeliverySerializer(fresh).data, status=202)

    @extend_schema(
        operation_id="webhooks_log",
        summary="List deliveries and their results",
        parameters=[LogFilterSerializer],
        responses={200: DeliveriesSerializer, **problems(400, 404)},
    )
    def log(self, request: Request, pk: UUID) -> Response:
        mine = _mine(request, pk)
        serializer = LogFilterSerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        wanted, after = serializer.validated_data, None
        if "after" in wanted:
            after = get_object_or_404(Delivery, endpoint=mine, pk=wanted["after"])
        found = deliveries.page(actor_of(request), mine, state=wanted.get("state", ""), after=after)
        more = _next(request, found.last) if found.last else None
        return Response({"next": more, "results": DeliverySerializer(found.rows, many=True).data})

    @extend_schema(
        operation_id="webhooks_deliver",
        summary="Resend one event, or all since a point in time",
        request=AgainSerializer,
        responses={202: AgainDoneSerializer, **problems(400, 404, 409, 411, 413, 415)},
    )
    def deliver(self, request: Request, pk: UUID) -> Response:
        mine, actor = _mine(request, pk), actor_of(request)
        serializer = AgainSerializer(data=json_body(request))
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data
        if "delivery" in wanted:
            one = get_object_or_404(deliveries.of(actor), endpoint=mine, pk=wanted["delivery"])
            count = int(endpoints.deliver_again(actor, one))
        else:
            until = wanted.get("until") or timezone.now()
            count = endpoints.deliver_range(
                actor, mine, wanted["since"], until, all_of_them=wanted["all"]
            )
        return Response({"deliveries": count}, status=202)


def _serialized(request: Request, found: Any, *, many: bool = False) -> Any:
    return EndpointSerializer(found, many=many, context={"request": request}).data


def _mine(request: Request, pk: UUID) -> Endpoint:
    return get_object_or_404(Endpoint.objects.for_actor(actor_of(request)), pk=pk)


def _next(request: Request, last: Delivery) -> str:
    query = request.query_params.copy()
    query["after"] = str(last.pk)
    return f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"
