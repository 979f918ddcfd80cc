"""Inserting a saved text where no script runs: the form comes back with it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext

from accounts.actors import actor_of
from accounts.guards import post_only, signed_in
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.review.forms import as_written
from media_analysis.review.models import Case
from media_analysis.review.services import saved_texts
from media_analysis.review.views import keeps_words


@keeps_words
@signed_in
@post_only("review:case", "pk")
def insert(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = actor_of(request)
    get_object_or_404(Case.objects.for_actor(actor, Permission.DECIDE_CASES), pk=pk)
    chosen = request.POST.get("saved_text", "")
    number = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else 0
    try:
        saved_texts.insert(actor, pk, number, as_written(request.POST))
        messages.info(request, gettext("The text was added to the reason. Nothing was decided."))
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("review:case", pk)
