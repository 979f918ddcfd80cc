"""Team notes on a case, and the page of what mentions a person."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.actors import actor_of
from accounts.guards import post_only, signed_in
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.review import case_page
from media_analysis.review.services import mention_mail as mention_mails
from media_analysis.review.services import notes


@signed_in
@post_only("review:case", "pk")
def note(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A note that is refused comes back in its field."""
    actor, case = actor_of(request), case_page.case_or_404(request, pk)
    if not actor.can(Permission.DECIDE_CASES, case.team_id):
        raise PermissionDenied
    text = request.POST.get("text", "").replace("\0", "")
    try:
        notes.write(actor, pk, text)
    except Refusal as refusal:
        return case_page.render_case(
            request, case, note=text, note_refused=refusal.sentence, status=refusal.status
        )
    messages.success(request, gettext("The note was added. Only the team reads it."))
    return redirect(f"{reverse('review:case', args=[pk])}#notes")


@signed_in
@require_GET
@never_cache
def mentions(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    if actor.user is None or not actor.team_ids(Permission.VIEW_CASES):
        raise PermissionDenied
    context = {"mentions": notes.mentions(actor), "mailed": mention_mails.wants(actor.user)}
    return render(request, "review/mentions.html", context)


@signed_in
@post_only("review:mentions")
def mention_mail(request: HttpRequest) -> HttpResponse:
    """On or off, for this person."""
    actor = actor_of(request)
    if actor.user is None or not actor.team_ids(Permission.VIEW_CASES):
        raise PermissionDenied
    wanted = "on" in request.POST
    mention_mails.choose(actor.user, wanted)
    message = gettext("New mentions are emailed to you.") if wanted else gettext("No more emails.")
    messages.success(request, message)
    return redirect("review:mentions")
