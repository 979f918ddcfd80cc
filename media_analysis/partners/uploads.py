"""Resumable uploads by the tus protocol 1.0: https://tus.io/protocols/resumable-upload"""

from __future__ import annotations

import base64
import binascii
import io
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.http import http_date
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import ViewSet

from accounts.actors import actor_of
from accounts.api_auth import allows
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.partners.limits import TellsItsLimits
from media_analysis.partners.teams import team_named
from media_analysis.submissions import languages
from media_analysis.uploads import digests
from media_analysis.uploads.models import Upload
from media_analysis.uploads.services import uploading

VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,checksum,termination"
LONGEST = {"filename": 2000, "note": 4000, "policy_context": 200, "external_id": 200, "batch": 5,
           "language": languages.LONGEST}  # fmt: skip
"""What `Upload-Metadata` may hold; other names are the business of the client's own."""


class Octets(BaseParser):
    media_type = "application/offset+octet-stream"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        return stream


@extend_schema(exclude=True)
class Uploads(TellsItsLimits, ViewSet):
    parser_classes = [Octets]

    def get_permissions(self) -> list[BasePermission]:
        return [allows(Permission.SUBMIT_MEDIA)()]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
            raise Refusal("tus_version")

    def finalize_response(self, request: Any, response: Response, *args: Any, **kw: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kw)
        response["Tus-Resumable"] = response["Tus-Version"] = VERSION
        response["Cache-Control"] = "no-store"
        return response

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        headers = {
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(settings.MAX_UPLOAD_BYTES),
            "Tus-Checksum-Algorithm": ",".join(uploading.ALGORITHMS),
        }
        return Response(status=204, headers=headers)

    def create(self, request: Request) -> Response:
        actor, words = actor_of(request), _metadata(request.headers.get("Upload-Metadata", ""))
        wanted = words.pop("team", None)
        words |= {"language": languages.tag(words["language"])} if "language" in words else {}
        try:
            team = team_named(actor, UUID(wanted) if wanted else None, Permission.SUBMIT_MEDIA)
        except ValueError as error:
            raise Refusal("metadata_malformed") from error
        digest = request.headers.get(digests.HEADER, "")
        upload = uploading.begin(
            actor, team, _number(request, "Upload-Length"), words, digest=digest
        )
        where = reverse("api:upload-detail", args=[upload.pk], request=request)
        return Response(status=201, headers={"Location": str(where), **_state(request, upload)})

    def head(self, request: Request, pk: UUID) -> Response:
        return Response(headers=_state(request, _mine(request, pk)))

    def partial_update(self, request: Request, pk: UUID) -> Response:
        upload, offset = _mine(request, pk), _number(request, "Upload-Offset")
        checksum = _checksum(request.headers.get("Upload-Checksum", ""))
        piece: Any = request.data
        if not hasattr(piece, "read"):  # the framework makes a form of no body at all
            piece = io.BytesIO()
        done = uploading.append(actor_of(request), upload, offset, piece, checksum)
        done.refresh_from_db()
        return Response(status=204, headers=_state(request, done))

    def destroy(self, request: Request, pk: UUID) -> Response:
        uploading.give_up(actor_of(request), _mine(request, pk))
        return Response(status=204)


def _mine(request: Request, pk: UUID) -> Upload:
    return get_object_or_404(Upload.objects.for_actor(actor_of(request)), pk=pk)


def _state(request: Request, upload: Upload) -> dict[str, str]:
    headers = {
        "Upload-Offset": str(uploading.arrived(upload)),
        "Upload-Length": str(upload.length),
        "Upload-Expires": http_date(upload.expires_at.timestamp()),
    }
    if upload.submission_id is not None:
        where = reverse("api:submission-detail", args=[upload.submission_id], request=request)
        headers["Touchstone-Submission"] = str(where)
    return headers


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise Refusal("header_needed", header=header)
    return int(text)


def _checksum(text: str) -> tuple[str, bytes] | None:
    if not text:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm not in uploading.ALGORITHMS:
        raise Refusal("checksum_unknown", names=", ".join(uploading.ALGORITHMS))
    return algorithm, _decoded(value)


def _metadata(text: str) -> dict[str, str]:
    """Pairs of a name and its value in base64, with commas between them."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = pair.partition(" ")
        try:
            decoded = _decoded(value).decode()
        except UnicodeDecodeError as error:
            raise Refusal("metadata_malformed") from error
        if name in ("team", *LONGEST):
            if len(decoded) > LONGEST.get(name, 36) or "\x00" in decoded or name in found:
                raise Refusal("metadata_malformed")
            found[name] = decoded
    return found


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal("metadata_malformed") from error
