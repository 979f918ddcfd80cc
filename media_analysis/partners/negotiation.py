"""In which format an answer comes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import Http404
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class NamedFormat(DefaultContentNegotiation):
    """`?format=` names one format, once. The framework takes an empty one for none, and the last
    of several."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        named = request.query_params.getlist("format")
        if len(named) > 1 or "" in named:
            raise Http404
        chosen: Any = super().select_renderer(request, renderers, format_suffix)
        return chosen
