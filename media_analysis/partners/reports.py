"""The files of issued reports, for keys with `reports:read`. Each download is on record."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from accounts.actors import actor_of
from accounts.api_auth import allows
from accounts.roles import Permission
from media_analysis.partners.found import the_one
from media_analysis.partners.limits import TellsItsLimits
from media_analysis.partners.media import BytesRenderer, of_bytes, walled
from media_analysis.partners.schema import problems
from media_analysis.reports.contents import FORMAT
from media_analysis.reports.models import Report
from media_analysis.reports.partner_data import PAPERS
from media_analysis.reports.services import issuing

NAME = OpenApiParameter("name", OpenApiTypes.STR, OpenApiParameter.PATH, enum=list(PAPERS))
AS_JSON = OpenApiResponse(
    OpenApiTypes.OBJECT,
    examples=[OpenApiExample("The beginning of report.json", {"format": FORMAT})],
)


class PdfRenderer(BytesRenderer):
    media_type = "application/pdf"
    format = "pdf"


class TextRenderer(BytesRenderer):
    media_type = "text/plain"
    format = "txt"


class Reports(TellsItsLimits, ViewSet):
    def get_permissions(self) -> list[BasePermission]:
        return [allows(Permission.VIEW_REPORTS)()]

    @extend_schema(
        operation_id="submissions_report",
        summary="Download a file of an issued report",
        description="The signed bytes: the report as PDF or JSON, the statement of reasons "
        "(DSA), the statement for the public, or the signature.",
        parameters=[NAME],
        responses={
            (200, "application/pdf"): bytes,
            (200, "application/json"): AS_JSON,
            (200, "text/plain"): bytes,
            **problems(404, 410),
        },
    )
    def download(self, request: Request, pk: UUID, report: UUID, name: str) -> HttpResponseBase:
        actor = actor_of(request)
        submission = the_one(actor, Permission.VIEW_REPORTS, pk)
        issued = Report.objects.for_actor(actor).for_partners().select_related("case")
        found = issued.filter(case__submission=submission, pk=report).first()
        content = issuing.handed_out(actor, found, name) if found else None
        if content is None:
            raise Http404
        answer = of_bytes(content, issuing.kind_of(name))
        answer["Content-Disposition"] = f'attachment; filename="{report}-{name}"'
        return walled(answer)

    def get_renderers(self) -> list[Any]:
        return [BytesRenderer(), JSONRenderer(), PdfRenderer(), TextRenderer()]
