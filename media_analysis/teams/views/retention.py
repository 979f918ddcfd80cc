"""After how many days submissions are erased, whole or in part: a preview, then the rules."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts.guards import signed_in
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.submissions.models import MediaKind
from media_analysis.submissions.services import part_rules
from media_analysis.submissions.services import retention as service
from media_analysis.teams.forms import RetentionForm
from media_analysis.teams.pages import entered, page


@signed_in
@require_http_methods(["GET", "POST"])
def retention(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_RETENTION)
    initial = service.rules(team) | RetentionForm.initial_of(part_rules.rules(team))
    form = RetentionForm(request.POST if request.method == "POST" else None, initial=initial)
    if not (form.is_bound and form.is_valid()):
        return _render(request, team, form)
    try:
        if request.POST.get("step") == "save":
            changed = service.set_rules(actor, team, form.days, form.part_days)
            messages.success(
                request,
                gettext("The retention rules apply from now on.")
                if changed
                else gettext("Nothing was changed."),
            )
            return redirect("teams:retention", pk)
        dry_run = service.dry_run(actor, team, form.days, form.part_days)
    except Refusal as refusal:
        if refusal.forbids:
            raise
        form.add_error(None, refusal.sentence)
        return _render(request, team, form)
    context = {
        "form": form,
        "dry_run": dry_run,
        "counted": [(MediaKind(kind).label, number) for kind, number in dry_run.counts.items()],
        "chosen": [
            (name, "" if number is None else number) for name, number in form.cleaned_data.items()
        ],
    }
    return page(request, team, "teams/retention.html", context)


def _render(request: HttpRequest, team: Team, form: RetentionForm) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return page(request, team, "teams/retention.html", {"form": form}, status)
