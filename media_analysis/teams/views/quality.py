"""How often a team decides twice, how far its people agree, and how good the checks are."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.guards import signed_in
from accounts.roles import Permission
from media_analysis.review.models import RoutingRule
from media_analysis.review.presenters import quality as presenter
from media_analysis.review.search import agreement, detector_quality
from media_analysis.review.search import golden as golden_search
from media_analysis.review.services import golden, opinions
from media_analysis.teams.pages import entered, page, refusal_on


class SharesForm(forms.Form):
    second = forms.FloatField(
        min_value=0,
        max_value=100,
        label=_("Second opinions, in %"),
        help_text=_(
            "Share of the decisions. A second person decides without seeing the first decision. "
            "If they disagree, a lead decides."
        ),
    )
    spot = forms.FloatField(
        min_value=0,
        max_value=100,
        label=_("Spot checks, in %"),
        help_text=_(
            "Share of the files that no rule sends to review. Without spot checks, the share of "
            "missed manipulations cannot be estimated."
        ),
    )
    golden = forms.FloatField(
        required=False,  # left out: it stays as it is
        min_value=0,
        max_value=50,
        label=_("Golden cases, in %"),
        help_text=_(
            "Number for each 100 new cases. A golden case is media with a known answer. It "
            "looks like any other case until somebody decides."
        ),
    )


@signed_in
@require_http_methods(["GET", "POST"])
def quality(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_QUEUES)
    rule = RoutingRule.of(team.pk)
    shares = {"golden": rule.golden_share, "second": rule.second_share, "spot": rule.spot_share}
    now = {name: f"{100 * share:g}" for name, share in shares.items()}
    form = SharesForm(request.POST) if request.method == "POST" else SharesForm(initial=now)
    if form.is_bound and form.is_valid():
        with refusal_on(form, None):
            values = form.cleaned_data
            with transaction.atomic():
                chosen = rule.golden_share if values["golden"] is None else values["golden"] / 100
                changed = golden.choose_share(actor, team, chosen)
                changed |= opinions.choose_shares(
                    actor, team, values["second"] / 100, values["spot"] / 100
                )
            message = gettext("Saved. This applies from the next decision and the next verdict.")
            messages.success(request, message if changed else gettext("Nothing was changed."))
            return redirect("teams:quality", pk)
    months = detector_quality.months([team.pk])
    month = presenter.month_chosen(request.GET.get("month", ""), months)
    partners = detector_quality.partners([team.pk])
    wanted = request.GET.get("partner", "")
    partner = next((one for one in partners if str(one.pk) == wanted), None)
    context = {
        "form": form,
        "golden": golden_search.listed(team.pk),
        "golden_figures": presenter.golden([team.pk]),
        "agreements": presenter.agreements([team.pk]),
        "days": agreement.DAYS,
        "drift": presenter.drift([team.pk]),
        "appeals": presenter.appealed([team.pk]),
        "months": presenter.month_names(months),
        "month": f"{month:%Y-%m}" if month else "",
        "detectors": presenter.detectors([team.pk], month, partner),
        "partners": partners,
        "partner": partner,
    }
    return page(request, team, "teams/quality.html", context, 422 if form.is_bound else 200)
