"""The evidence film on the page of reports: asked for, watched while it is made, downloaded."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

import blobs.services
from accounts.actors import actor_of
from accounts.guards import post_only, signed_in
from accounts.refusals import Refusal
from accounts.roles import Permission
from blobs.errors import Damaged
from media_analysis.reports.models import EvidenceFilm
from media_analysis.reports.services import films
from media_analysis.reports.views import case_of
from media_analysis.submissions.views.submissions import as_if_missing


@signed_in
@require_GET
@never_cache
def panel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What of the page changes while the film is made."""
    case = case_of(request, pk)
    film = films.page_data(actor_of(request), case)
    if film is None:
        raise Http404
    return render(request, "reports/_film.html", {"case": case, "film": film})


@signed_in
@post_only("reports:of_case", "pk")
@as_if_missing
def make(request: HttpRequest, pk: UUID) -> HttpResponse:
    case = case_of(request, pk)
    try:
        films.ask(actor_of(request), case)
    except Refusal as refusal:
        if refusal.forbids:
            raise
        messages.error(request, refusal.sentence)
        return redirect("reports:of_case", pk)
    return redirect(f"{reverse('reports:of_case', args=[pk])}#evidence-film")


@signed_in
@require_GET
@never_cache
def download(request: HttpRequest, pk: UUID) -> FileResponse:
    """Never inline: it is to be kept and handed on."""
    actor = actor_of(request)
    mine = EvidenceFilm.objects.for_actor(actor, Permission.VIEW_MEDIA)
    made = mine.select_related("film", "case__submission__blob")
    row = get_object_or_404(made, pk=pk, film__isnull=False)
    try:
        file = blobs.services.unchecked(row.film)
    except Damaged as error:
        raise Http404 from error
    films.handed_out(actor, row)
    name = f"evidence-{row.case_id}.webm"
    return FileResponse(file, as_attachment=True, filename=name, content_type=films.TYPE)
