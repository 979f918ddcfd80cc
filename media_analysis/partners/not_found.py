"""Unknown addresses below the interface answer with a problem, never with a page."""

from __future__ import annotations

from django.http import Http404
from rest_framework.request import Request
from rest_framework.views import APIView

from media_analysis.partners.limits import TellsItsLimits


class NothingHere(TellsItsLimits, APIView):
    """Every address under the interface that is none of its own."""

    authentication_classes = []
    permission_classes = []
    schema = None

    def check_throttles(self, request: Request) -> None:
        super().check_throttles(request)
        raise Http404
