"""The answer to what nobody foresaw, and to a database that is away: the last a caller gets."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader

from accounts.refusals import Refusal
from media_analysis.partners.bodies import API, answer_as_problem

AWAY = (OperationalError, InterfaceError)
PAUSE_SECONDS = 10


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`, also for errors outside views, such as a session lookup that fails.
    The pages use neither the database nor the signed-in person."""
    away = isinstance(sys.exc_info()[1], AWAY)
    refusal = Refusal("unavailable" if away else "server_error")
    response: HttpResponse
    if request.path.startswith(API):
        response = answer_as_problem(refusal)
    else:
        page = loader.get_template(f"{refusal.status}.html").render()
        response = HttpResponse(page, status=refusal.status)
    if away:
        response["Retry-After"] = str(PAUSE_SECONDS)
    return response
