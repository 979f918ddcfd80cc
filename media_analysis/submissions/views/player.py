"""The film on the page: its panel, its preparation, its bytes in the parts that players ask for."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_safe

import blobs.services
from accounts.actors import actor_of
from accounts.guards import post_only, signed_in
from blobs.errors import Damaged
from blobs.models import Blob
from media_analysis.previews import ranges
from media_analysis.submissions.presenters import result
from media_analysis.submissions.services import films, pictures
from media_analysis.submissions.views.submissions import as_if_missing, mine


@signed_in
@require_GET
def panel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What of the page changes while the film is prepared: with the film come the timeline's
    buttons that jump in it."""
    submission, actor = mine(request, pk), actor_of(request)
    player = films.player_data(submission, actor)
    if player is None:
        raise Http404
    context = (
        result.page(submission, actor)
        if player["url"]
        else {"player": player, "veil": pictures.veil(actor, submission)}
    )
    response = render(request, "submissions/_film.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


@signed_in
@post_only("submissions:detail", "pk")
@as_if_missing
def prepare(request: HttpRequest, pk: UUID) -> HttpResponse:
    if films.prepare(actor_of(request), mine(request, pk)):
        messages.success(
            request, gettext("A copy is being prepared. It appears here when it is ready.")
        )
    else:
        messages.info(request, gettext("There was nothing to prepare."))
    return redirect("submissions:detail", pk)


@signed_in
@require_safe
def film(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Our own copy, never the submitter's bytes: whole, or the part that was asked for."""
    preview = films.look(actor_of(request), mine(request, pk))
    if preview is None or preview.film is None:
        raise Http404
    response = _answer(request, preview.film)
    response["Content-Type"] = preview.film.media_type
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = _etag(preview.film)
    response["Cache-Control"] = "private, max-age=600"
    return response


def _answer(request: HttpRequest, copy: Blob) -> HttpResponseBase:
    try:
        part = ranges.parse(_wanted(request, copy), copy.size)
    except ranges.OutOfRange:
        refusal = HttpResponse(status=416)
        refusal["Content-Range"] = f"bytes */{copy.size}"
        return refusal
    try:
        file = blobs.services.unchecked(copy)
    except Damaged as error:
        raise Http404 from error
    if part is None:
        return FileResponse(file)
    with file:
        file.seek(part.start)
        response = HttpResponse(file.read(part.length), status=206)
    response["Content-Range"] = part.of(copy.size)
    return response


def _wanted(request: HttpRequest, copy: Blob) -> str:
    """The range; none when it was asked for another copy than there is now (`If-Range`)."""
    known = request.headers.get("If-Range", _etag(copy))
    if request.method != "GET" or known != _etag(copy):
        return ""
    return request.headers.get("Range", "")


def _etag(copy: Blob) -> str:
    return f'"{copy.pk[:32]}"'
