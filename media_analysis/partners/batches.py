"""Batches over REST: send up to a thousand addresses at once, and follow them as one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.actors import actor_of
from accounts.api_auth import allows
from accounts.roles import Permission
from media_analysis.batches.models import Batch
from media_analysis.batches.services import progress, receiving
from media_analysis.partners import streams, waiting
from media_analysis.partners.asking import (
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    NOT_NEW,
    idempotency_key,
    json_body,
    query_of,
)
from media_analysis.partners.batch_shapes import (
    BatchAcceptedSerializer,
    BatchSendSerializer,
    BatchSerializer,
)
from media_analysis.partners.limits import TellsItsLimits
from media_analysis.partners.schema import problems
from media_analysis.partners.teams import team_named


class Batches(streams.AnswersEvents, TellsItsLimits, ViewSet):
    parser_classes = [JSONParser]

    def get_permissions(self) -> list[BasePermission]:
        return [allows(Permission.SUBMIT_MEDIA)()]

    @extend_schema(
        operation_id="batches_create",
        summary="Submit a batch of addresses",
        parameters=[IDEMPOTENCY_KEY],
        request=BatchSendSerializer,
        responses={202: BatchAcceptedSerializer, **problems(400, 404, 411, 413, 415, 422)},
    )
    def create(self, request: Request) -> Response:
        serializer = BatchSendSerializer(data=json_body(request))
        serializer.is_valid(raise_exception=True)
        wanted, actor = serializer.validated_data, actor_of(request)
        team = team_named(actor, wanted.get("team"), Permission.SUBMIT_MEDIA)
        batch, found = receiving.accept(
            actor, team, wanted["items"], external_id=wanted.get("external_id", ""),
            key=idempotency_key(request) or "",
        )  # fmt: skip
        body = BatchAcceptedSerializer(batch, context=_context(request, batch)).data
        headers = {
            "Location": str(body["url"]),
            "Idempotent-Replayed": "true" if found else "false",
        }
        return Response(body, status=202, headers=headers)

    @extend_schema(
        operation_id="batches_read",
        summary="Get a batch with its counts and items",
        parameters=[IF_NONE_MATCH],
        responses={200: BatchSerializer, 304: NOT_NEW, **problems(404)},
    )
    def retrieve(self, request: Request, pk: UUID) -> HttpResponseBase:
        batch = get_object_or_404(Batch.objects.for_actor(actor_of(request)), pk=pk)
        context = {**_context(request, batch), "items": list(batch.items.all())}
        body = BatchSerializer(batch, context=context).data
        return waiting.as_json(request, body)

    @extend_schema(
        operation_id="batches_events",
        summary="Follow a batch as a stream of events",
        description="Server-sent events. The `data` of each event is the batch without its "
        "items, `#/components/schemas/BatchAccepted`.",
        parameters=[streams.BatchStreamSerializer, streams.LAST_EVENT_ID],
        responses={
            (200, streams.KIND): streams.StreamEventSerializer,
            204: streams.ENDED,
            **problems(400, 404),
        },
    )
    def events(self, request: Request, pk: UUID) -> HttpResponseBase:
        stream = streams.Stream(
            request, f"{waiting.OF_A_BATCH}{pk}", query_of(request, streams.BatchStreamSerializer)
        )
        batch = get_object_or_404(Batch.objects.for_actor(actor_of(request)), pk=pk)
        answer = BatchAcceptedSerializer(batch, context=_context(request, batch)).data
        content = JSONRenderer().render(answer)
        is_over = stream.until == "ended" and batch.completed_at is not None
        return stream.answered(content, lambda: content, is_over=is_over)


def _context(request: Request, batch: Batch) -> dict[str, Any]:
    return {"request": request, "counts": progress.of([batch.pk])[batch.pk]}
