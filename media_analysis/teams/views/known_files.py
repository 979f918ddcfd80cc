"""Whether a team takes over results of files that it had analysed before."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.guards import signed_in
from accounts.roles import Permission
from media_analysis.submissions.services import reusing
from media_analysis.teams.pages import entered, page


class ReuseForm(forms.Form):
    is_on = forms.BooleanField(
        required=False, label=_("Reuse the results of files that were analysed before")
    )


@signed_in
@require_http_methods(["GET", "POST"])
def known_files(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_QUEUES)
    initial = {"is_on": reusing.is_on(team.pk)}
    form = ReuseForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        changed = reusing.switch(actor, team, on=form.cleaned_data["is_on"])
        message = gettext("Saved. This applies to analyses that start from now on.")
        messages.success(request, message if changed else gettext("Nothing was changed."))
        return redirect("teams:known_files", pk)
    return page(request, team, "teams/known_files.html", {"form": form})
