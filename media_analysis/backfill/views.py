"""Backfills: how far each is, what it found, and a switch for site administrators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.actors import Actor, actor_of
from accounts.guards import post_only, signed_in
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.backfill.models import Backfill
from media_analysis.backfill.presenters import index_page, report_page
from media_analysis.backfill.services import running

SWITCHES: dict[str, Callable[[Actor, UUID], Any]] = {
    "start": running.start,
    "pause": running.pause,
    "resume": running.resume,
}


@signed_in
@require_GET
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    if not actor.is_site_admin and not actor.team_ids(Permission.VIEW_DASHBOARD):
        raise PermissionDenied
    return render(request, "backfill/index.html", index_page(actor))


@signed_in
@require_GET
@never_cache
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = actor_of(request)
    run = get_object_or_404(Backfill.objects.for_actor(actor).select_related("team"), pk=pk)
    return render(request, "backfill/detail.html", report_page(actor, run))


@signed_in
@post_only("backfill:index")
def switch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Start, pause, resume: what can be undone. To cancel is for the shell."""
    actor = actor_of(request)
    get_object_or_404(Backfill.objects.for_actor(actor), pk=pk)
    if not actor.is_site_admin:
        raise PermissionDenied
    verb = SWITCHES.get(request.POST.get("to", ""))
    if verb is None:
        return HttpResponse(status=400)
    try:
        verb(actor, pk)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("backfill:index")
