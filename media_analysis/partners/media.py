"""The media itself and its small pictures, for keys with `media:read`. Each look is on record."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from accounts.actors import actor_of
from accounts.api_auth import allows
from accounts.refusals import Refusal
from accounts.roles import Permission
from audit.verbs import Verb
from blobs.errors import BlobError
from media_analysis.partners.found import the_one
from media_analysis.partners.limits import TellsItsLimits
from media_analysis.partners.schema import problems
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import intake, pictures
from media_analysis.uploads import digests

WALLS = "sandbox; default-src 'none'"


class BytesRenderer(JSONRenderer):
    """Bytes are answered by themselves; what this renders are errors."""

    media_type = "application/octet-stream"
    format = "bytes"


class PictureRenderer(BytesRenderer):
    media_type = "image/png"
    format = "png"


class WebpRenderer(BytesRenderer):
    media_type = "image/webp"
    format = "webp"


class Media(TellsItsLimits, ViewSet):
    def get_permissions(self) -> list[BasePermission]:
        return [allows(Permission.VIEW_MEDIA)()]

    @extend_schema(
        operation_id="submissions_media",
        summary="Download the original media",
        responses={(200, "application/octet-stream"): bytes, **problems(404, 410)},
    )
    def media(self, request: Request, pk: UUID) -> HttpResponseBase:
        submission = _mine(request, pk)
        closing = ExitStack()
        look = intake.viewed(actor_of(request), submission, how=Verb.MEDIA_DOWNLOADED)
        try:
            file = closing.enter_context(look)
        except (BlobError, FileNotFoundError) as error:
            raise Refusal("media_damaged") from error
        name = submission.filename or f"{submission.pk}"
        answer = FileResponse(
            file, as_attachment=True, filename=name, content_type="application/octet-stream"
        )
        answer._resource_closers.append(closing.close)  # type: ignore[attr-defined]
        answer[digests.HEADER] = digests.of_sha256(bytes.fromhex(submission.blob_id))
        return walled(answer)

    @extend_schema(
        operation_id="submissions_thumbnail",
        summary="Get a small picture of the media, made from decoded pixels",
        description="A PNG, or the stored WebP if the request accepts image/webp.",
        responses={
            (200, "image/png"): bytes,
            (200, "image/webp"): bytes,
            **problems(404, 410),
        },
    )
    def thumbnail(self, request: Request, pk: UUID, name: str) -> HttpResponseBase:
        found = pictures.look(actor_of(request), _mine(request, pk), name)
        if found is None:
            raise Http404
        if request.accepted_renderer.media_type == WebpRenderer.media_type:
            return walled(of_bytes(found.content, found.media_type))
        return walled(of_bytes(found.as_png, PictureRenderer.media_type))

    def get_renderers(self) -> list[Any]:
        if self.action == "thumbnail":
            return [PictureRenderer(), WebpRenderer(), JSONRenderer()]
        return [BytesRenderer(), JSONRenderer()]


def of_bytes(content: bytes, kind: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=kind, headers={digests.HEADER: digests.of_content(content)}
    )


def walled(answer: HttpResponseBase) -> HttpResponseBase:
    """Somebody else's bytes: never shown by a browser as a page of ours."""
    answer["Content-Security-Policy"] = WALLS
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _mine(request: Request, pk: UUID) -> Submission:
    return the_one(
        actor_of(request), Permission.VIEW_MEDIA, pk,
        lambda found: found.select_related("blob", "analysis"),
    )  # fmt: skip
