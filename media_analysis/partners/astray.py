"""What a program meets that went astray under the interface: a problem, never a page."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.views import APIView


class NothingHere(APIView):
    """Every address under the interface that is none of its own."""

    authentication_classes = []
    permission_classes = []
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Http404
