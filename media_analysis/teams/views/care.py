"""How a team's media is shown at first, when its people should rest, and how much they viewed."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts.guards import signed_in
from accounts.roles import Permission
from media_analysis.care.forms import TeamForm
from media_analysis.care.search import figures
from media_analysis.care.services import breaks, veils
from media_analysis.review.services import distress
from media_analysis.teams.pages import entered, page, refusal_on


@signed_in
@require_http_methods(["GET", "POST"])
def care(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_QUEUES)
    posted = [request.POST] if request.method == "POST" else []
    form = TeamForm(veils.of_team(team), breaks.of_team(team), *posted)
    if form.is_bound and form.is_valid():
        with refusal_on(form, "break_minutes"):
            changed = veils.choose_for_team(actor, team, form.choice(), form.limits())
            message = gettext("Saved. This applies to everybody who has not chosen otherwise.")
            messages.success(request, message if changed else gettext("Nothing was changed."))
            return redirect("teams:care", pk)
    context = {
        "form": form,
        "load": figures.of_team(actor.user, team),
        "fewest": figures.FEWEST,
        "flags": distress.count(team, figures.FEWEST),
        "for_nobody": distress.for_nobody(team),
    }
    return page(request, team, "teams/care.html", context, 422 if form.is_bound else 200)
