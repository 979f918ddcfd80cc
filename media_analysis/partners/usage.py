"""How much a key and its partner have sent this month, and their limits. Translates HTTP only."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.actors import actor_of
from media_analysis.partners.limits import TellsItsLimits
from media_analysis.partners.schema import problems
from media_analysis.partners.throttling import limits
from media_analysis.partners.usage_shapes import UsageSerializer
from media_analysis.submissions.search import usage


class OfAPartner(BasePermission):
    """Any key of a partner, whatever its scopes: it reads of itself alone."""

    def has_permission(self, request: Request, view: Any) -> bool:
        service = actor_of(request).service
        return service is not None and not service.provisions


class Usage(TellsItsLimits, ViewSet):
    permission_classes = [OfAPartner]

    @extend_schema(
        operation_id="usage_read",
        summary="Get this month's usage, quotas and rates of the key and its partner",
        responses={200: UsageSerializer, **problems()},
    )
    def retrieve(self, request: Request) -> Response:
        service, key = actor_of(request).service, actor_of(request).key
        assert service is not None and key is not None, "its permission lets in nobody else"
        team, partner, mine = usage.this_month(service.team, [service], [key])
        of_team = {"quota": team.quota, "remaining": team.remaining}
        values = {
            "month": partner.month,
            "starts": usage.next_month(),
            "partner": partner,
            "key": mine,
            "team": None if team.quota is None else of_team,
            "rates": {scope: map(asdict, limits(request, scope)) for scope in ("read", "write")},
        }
        return Response(UsageSerializer(values).data)
