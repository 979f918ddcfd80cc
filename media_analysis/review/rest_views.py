"""A person takes a break, and comes back to their cases."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor, actor_of
from accounts.guards import post_only, signed_in
from accounts.roles import Permission
from media_analysis.care.services import breaks
from media_analysis.review import case_page
from media_analysis.review.forms import as_written
from media_analysis.review.search import queue
from media_analysis.review.services import drafts, resting
from media_analysis.review.views import keeps_words


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def rest(request: HttpRequest) -> HttpResponse:
    """The page to rest on. It shows no media and does not count as review."""
    actor = _reviewer(request)
    if request.method == "POST":
        resting.begin(actor)
        return redirect("review:rest")
    context = {
        "mine": queue.in_hands_of(actor),
        "minutes": int(breaks.A_BREAK.total_seconds() // 60),
    }
    return render(request, "review/rest.html", context)


@keeps_words
@signed_in
@post_only("review:case", "pk")
def rest_from(request: HttpRequest, pk: UUID) -> HttpResponse:
    """From a case: words that were written are kept as a draft."""
    case_page.case_or_404(request, pk)
    actor = _reviewer(request)
    if not (words := as_written(request.POST)).are_empty():
        drafts.keep(actor, pk, words)
    resting.begin(actor)
    return redirect("review:rest")


def _reviewer(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    if not actor.team_ids(Permission.DECIDE_CASES):
        raise PermissionDenied
    return actor
