"""Uploads straight into the media store: announced here, sent to the bucket, completed here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.actors import actor_of
from accounts.api_auth import allows
from accounts.roles import Permission
from media_analysis.partners import waiting
from media_analysis.partners.asking import (
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    NOT_NEW,
    idempotency_key,
    json_body,
)
from media_analysis.partners.direct_shapes import (
    AnnouncedSerializer,
    AnnounceSerializer,
    CompleteSerializer,
    DirectUploadSerializer,
)
from media_analysis.partners.limits import TellsItsLimits
from media_analysis.partners.schema import problems
from media_analysis.partners.teams import team_named
from media_analysis.submissions.models import SENT_WORDS
from media_analysis.uploads.models import DirectUpload
from media_analysis.uploads.services import announcing


class DirectUploads(TellsItsLimits, ViewSet):
    parser_classes = [JSONParser]

    def get_permissions(self) -> list[BasePermission]:
        return [allows(Permission.SUBMIT_MEDIA)()]

    @extend_schema(
        operation_id="uploads_announce",
        summary="Announce a direct upload to the media store",
        parameters=[IDEMPOTENCY_KEY],
        request=AnnounceSerializer,
        responses={201: AnnouncedSerializer, **problems(400, 404, 409, 411, 413, 415, 422)},
    )
    def create(self, request: Request) -> Response:
        serializer = AnnounceSerializer(data=json_body(request))
        serializer.is_valid(raise_exception=True)
        wanted, actor = serializer.validated_data, actor_of(request)
        team = team_named(actor, wanted.get("team"), Permission.SUBMIT_MEDIA)
        words = {name: wanted[name] for name in SENT_WORDS if wanted.get(name)}
        upload, found = announcing.announce(
            actor, team, wanted["size"], words | ({"batch": "true"} if wanted["batch"] else {}),
            sha256=wanted.get("sha256", ""), key=idempotency_key(request) or "",
        )  # fmt: skip
        answer = _with_parts(request, upload, status=201)
        answer["Location"] = str(answer.data["url"])
        answer["Idempotent-Replayed"] = "true" if found else "false"
        return answer

    @extend_schema(
        operation_id="uploads_read",
        summary="Get the state of a direct upload",
        parameters=[IF_NONE_MATCH],
        responses={200: DirectUploadSerializer, 304: NOT_NEW, **problems(404)},
    )
    def retrieve(self, request: Request, pk: UUID) -> HttpResponseBase:
        body = DirectUploadSerializer(_mine(request, pk), context={"request": request}).data
        return waiting.as_json(request, body)

    @extend_schema(
        operation_id="uploads_parts",
        summary="Get new addresses for the parts, and which parts have arrived",
        request=None,
        responses={200: AnnouncedSerializer, **problems(404)},
    )
    def parts(self, request: Request, pk: UUID) -> Response:
        return _with_parts(request, _mine(request, pk))

    @extend_schema(
        operation_id="uploads_complete",
        summary="Complete a direct upload",
        request=CompleteSerializer,
        responses={202: DirectUploadSerializer, **problems(400, 404, 409, 411, 413, 415)},
    )
    def complete(self, request: Request, pk: UUID) -> Response:
        mine = _mine(request, pk)
        serializer = CompleteSerializer(data=json_body(request))
        serializer.is_valid(raise_exception=True)
        named = [
            {**one, "etag": one["etag"].strip('"')}
            for one in serializer.validated_data.get("parts", ())
        ]
        done = announcing.complete(actor_of(request), mine, named)
        return Response(DirectUploadSerializer(done, context={"request": request}).data, status=202)

    @extend_schema(
        operation_id="uploads_delete",
        summary="Delete an announced upload (a submission made from it stays)",
        request=None,
        responses={204: OpenApiResponse(description="The upload and its parts were deleted."),
                   **problems(404)},
    )  # fmt: skip
    def destroy(self, request: Request, pk: UUID) -> Response:
        announcing.give_up(actor_of(request), _mine(request, pk))
        return Response(status=204)


def _mine(request: Request, pk: UUID) -> DirectUpload:
    return get_object_or_404(DirectUpload.objects.for_actor(actor_of(request)), pk=pk)


def _with_parts(request: Request, upload: DirectUpload, status: int = 200) -> Response:
    """Not cacheable: everybody who has an address can write its part."""
    parts = announcing.addresses(actor_of(request), upload)
    upload.refresh_from_db()
    context: dict[str, Any] = {"request": request, "parts": parts}
    body = AnnouncedSerializer(upload, context=context).data
    return Response(body, status=status, headers={"Cache-Control": "no-store"})
