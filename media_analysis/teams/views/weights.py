"""Weights, quotas and rates of a team and its partners, for site administrators."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts.guards import signed_in
from accounts.models import ApiKey
from accounts.models.team import HEAVIEST
from accounts.roles import Permission
from accounts.services.quotas import set_quota
from accounts.services.rates import set_rates
from accounts.services.weights import set_weight
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
        changed = False
        with transaction.atomic():
            for name, owner in form.owners.items():
                if not isinstance(owner, ApiKey):
                    changed |= set_weight(actor, owner, form.wanted(name, "weight"))
                    changed |= set_quota(actor, owner, form.wanted(name, "quota"))
                rates = form.wanted(name, "read_rate"), form.wanted(name, "write_rate")
                changed |= set_rates(actor, owner, *rates)
        said = gettext("The limits were saved.") if changed else gettext("Nothing was changed.")
        messages.success(request, said)
        return redirect("teams:weights", pk)
    context = {"form": form, "heaviest": HEAVIEST}
    return page(request, team, "teams/weights.html", context, 422 if form.is_bound else 200)
