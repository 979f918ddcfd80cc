"""Weights, quotas and rates of a team and its partners, for site administrators."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts.guards import signed_in
from accounts.models.team import HEAVIEST
from accounts.roles import Permission
from media_analysis.teams.limits_form import LimitsForm
from media_analysis.teams.pages import entered, page


@signed_in
@require_http_methods(["GET", "POST"])
def weights(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.VIEW_MEMBERS)
    if not actor.is_site_admin:
        raise PermissionDenied
    form = LimitsForm(team, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        changed = form.save(actor)
        if not form.errors:
            message = (
                gettext("The limits were saved.") if changed else gettext("Nothing was changed.")
            )
            messages.success(request, message)
            return redirect("teams:weights", pk)
    context = {"form": form, "heaviest": HEAVIEST}
    return page(request, team, "teams/weights.html", context, 422 if form.is_bound else 200)
