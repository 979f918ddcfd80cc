"""REST, version 1: send media in, follow it, find it again, stop it. Translates HTTP only."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import ViewSet

from accounts.actors import Actor, actor_of
from accounts.api_auth import allows
from accounts.refusals import Refusal
from accounts.roles import Permission
from jobs.models import UNDER_WAY, Priority
from media_analysis.partners import streams, waiting
from media_analysis.partners.asking import (
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    NOT_NEW,
    REPR_DIGEST,
    idempotency_key,
    query_of,
)
from media_analysis.partners.details import Detail, DetailSerializer
from media_analysis.partners.found import the_one
from media_analysis.partners.limits import TellsItsLimits
from media_analysis.partners.schema import problems
from media_analysis.partners.serializers import (
    COLUMNS,
    AcceptedSerializer,
    FilterSerializer,
    PageSerializer,
    ProblemSerializer,
    SendSerializer,
    SubmissionSerializer,
)
from media_analysis.partners.services import idempotency as partners
from media_analysis.partners.teams import team_named
from media_analysis.submissions.models import SENT_WORDS, Submission, SubmissionQuerySet
from media_analysis.submissions.ownership import may
from media_analysis.submissions.search import history
from media_analysis.submissions.services import deletion, intake

PERMISSIONS = {
    "create": Permission.SUBMIT_MEDIA,
    "cancel": Permission.CANCEL_ANALYSES,
    "destroy": Permission.REQUEST_DELETION,
}
OF_THE_BYTES = ("file", "sha256")
"""Fields that the fingerprint of the bytes already covers."""
RELATED = ("analysis", "blob", "card")


class Submissions(streams.AnswersEvents, TellsItsLimits, ViewSet):
    parser_classes = [MultiPartParser]

    def get_permissions(self) -> list[BasePermission]:
        return [allows(PERMISSIONS.get(self.action, Permission.VIEW_SUBMISSIONS))()]

    @extend_schema(
        operation_id="submissions_create",
        summary="Submit media",
        parameters=[IDEMPOTENCY_KEY, REPR_DIGEST],
        request={"multipart/form-data": SendSerializer},
        responses={202: AcceptedSerializer, **problems(400, 404, 409, 411, 413, 415, 422)},
    )
    def create(self, request: Request) -> Response:
        actor = actor_of(request)
        serializer = SendSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data
        team = team_named(actor, wanted.get("team"), Permission.SUBMIT_MEDIA)
        file = wanted["file"]
        if wanted.get("sha256") and wanted["sha256"] != partners.fingerprint(file):
            raise Refusal("digest_differs")
        words = {name: wanted.get(name, "") for name in SENT_WORDS if name != "filename"}

        def send(also: Any = None) -> intake.Received:
            priority = Priority.PARTNER if actor.service else Priority.INTERACTIVE
            return intake.submit(
                actor, team, file, file.name or "",
                priority=Priority.BATCH if wanted["batch"] else priority, also=also, **words,
            )  # fmt: skip

        # The stubs wrongly say that it gives fields.
        names = cast("Iterable[str]", serializer.fields)
        fields = {name: str(wanted.get(name, "")) for name in names if name not in OF_THE_BYTES}
        if not fields["language"]:  # a key that was used before there were languages is the same
            del fields["language"]
        values = {**fields, "team": str(team.pk), "filename": file.name or ""}
        submission, found = self._sent(request, actor, file, values, send)
        fresh = _with_details(Submission.objects.all()).get(pk=submission.pk)
        body = AcceptedSerializer(fresh, context={"request": request}).data
        # A plain str: DRF's kind of address is one that a WSGI server may refuse in a header.
        headers = {
            "Location": str(body["url"]),
            "Idempotent-Replayed": "true" if found else "false",
        }
        return Response(body, status=202, headers=headers)

    def _sent(
        self, request: Request, actor: Actor, file: Any, values: dict[str, str], send: Any
    ) -> tuple[Submission, bool]:
        key = idempotency_key(request)
        if key is None:
            return send().submission, False
        fingerprint = partners.fingerprint(file, json.dumps(values, sort_keys=True))
        return partners.send_idempotently(actor, key, fingerprint, send)

    @extend_schema(
        operation_id="submissions_list",
        summary="List and search submissions",
        parameters=[FilterSerializer, IF_NONE_MATCH],
        responses={200: PageSerializer, 304: NOT_NEW, **problems(400)},
    )
    def list(self, request: Request) -> HttpResponseBase:
        wanted = query_of(request, FilterSerializer)
        cursor, size = wanted.get("cursor"), wanted.get("page_size")
        page = history.page(actor_of(request), wanted, cursor, size, columns=COLUMNS)
        rows = SubmissionSerializer(page.rows, many=True, context={"request": request})
        body = {
            "next": _address(request, page.older),
            "previous": _address(request, page.newer),
            "results": rows.data,
        }
        return waiting.as_json(request, body)

    @extend_schema(
        operation_id="submissions_read",
        summary="Get a submission with progress, verdict, findings and decisions",
        parameters=[waiting.WaitSerializer, IF_NONE_MATCH],
        responses={200: DetailSerializer, 304: NOT_NEW, **problems(400, 404, 410)},
    )
    def retrieve(self, request: Request, pk: UUID) -> HttpResponseBase:
        wait = query_of(request, waiting.WaitSerializer).get("wait", 0)
        news = waiting.News(request, pk, wait)
        detail = Detail(request, pk)
        return news.answered(detail.version, detail.content, detail.state)

    @extend_schema(
        operation_id="submissions_events",
        summary="Follow a submission as a stream of events",
        description="Server-sent events. The `data` of each event is the submission at that "
        "moment, `#/components/schemas/Detail`. Its `id` is the ETag of that answer.",
        parameters=[streams.SubmissionStreamSerializer, streams.LAST_EVENT_ID],
        responses={
            (200, streams.KIND): streams.StreamEventSerializer,
            204: streams.ENDED,
            **problems(400, 404, 410),
        },
    )
    def events(self, request: Request, pk: UUID) -> HttpResponseBase:
        values = query_of(request, streams.SubmissionStreamSerializer)
        stream = streams.Stream(request, str(pk), values)
        detail = Detail(request, pk)
        has_ended = detail.state not in UNDER_WAY
        is_over = {"ended": has_ended, "decided": detail.is_decided}.get(stream.until or "", False)
        return stream.answered(detail.version, detail.content, is_over=is_over)

    @extend_schema(
        operation_id="submissions_delete",
        summary="Request deletion (erases nothing by itself)",
        request=None,
        responses={202: AcceptedSerializer, **problems(404, 410)},
    )
    def destroy(self, request: Request, pk: UUID) -> Response:
        deletion.ask(actor_of(request), _to_change(request, pk, Permission.REQUEST_DELETION))
        return self._accepted(request, pk, Permission.REQUEST_DELETION)

    @extend_schema(
        operation_id="submissions_cancel",
        summary="Cancel the analysis (the media is kept)",
        request=None,
        responses={
            202: AcceptedSerializer,
            **problems(404, 410),
            (409, "application/problem+json"): OpenApiResponse(
                ProblemSerializer, description="The analysis has already ended."
            ),
        },
    )
    def cancel(self, request: Request, pk: UUID) -> Response:
        submission = _to_change(request, pk, Permission.CANCEL_ANALYSES)
        if not intake.cancel(actor_of(request), submission):
            raise Refusal("already_ended")
        return self._accepted(request, pk, Permission.CANCEL_ANALYSES)

    def _accepted(self, request: Request, pk: UUID, permission: Permission) -> Response:
        fresh = _mine(request, pk, permission)
        return Response(AcceptedSerializer(fresh, context={"request": request}).data, status=202)


def _mine(
    request: Request, pk: UUID, permission: Permission = Permission.VIEW_SUBMISSIONS
) -> Submission:
    return the_one(actor_of(request), permission, pk, _with_details)


def _to_change(request: Request, pk: UUID, permission: Permission) -> Submission:
    submission = _mine(request, pk, permission)
    if not may(actor_of(request), permission, submission):
        raise Refusal("not_yours")
    return submission


def _with_details(found: SubmissionQuerySet) -> SubmissionQuerySet:
    """The query with everything that an answer contains."""
    return found.with_deletion_requests().with_decisions().select_related(*RELATED)


def _address(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = request.query_params.copy()
    query["cursor"] = cursor
    return f"{reverse('api:submission-list', request=request)}?{query.urlencode()}"
