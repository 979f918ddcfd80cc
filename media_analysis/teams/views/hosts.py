"""From which hosts a team's batches may be fetched, and how the newest batches went."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.guards import post_only, signed_in
from accounts.roles import Permission
from jobs.models import UNDER_WAY, State
from media_analysis.batches.models import Batch, Source
from media_analysis.batches.services import sources
from media_analysis.teams.pages import entered, page, refusal_on

NEWEST = 20


class HostForm(forms.Form):
    host = forms.CharField(
        max_length=255,
        label=_("Host"),
        help_text=_("For example media.example.com, or *.example.com for every name below it."),
    )


@signed_in
@require_http_methods(["GET", "POST"])
def hosts(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_SOURCES)
    form = HostForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with refusal_on(form, "host"):
            source = sources.allow(actor, team, form.cleaned_data["host"])
            messages.success(request, gettext("%(host)s is allowed.") % {"host": source})
            return redirect("teams:hosts", pk)
    waiting = Count("items", filter=Q(items__state__in=UNDER_WAY))
    received = Count("items", filter=Q(items__state=State.DONE))
    batches = Batch.objects.for_actor(actor).filter(team=team).select_related("service", "user")
    batches = batches.annotate(total=Count("items"), waiting=waiting, received=received)
    context = {
        "form": form,
        "hosts": Source.objects.for_actor(actor).filter(team=team),
        "batches": batches[:NEWEST],
    }
    return page(request, team, "teams/hosts.html", context, 422 if form.is_bound else 200)


@signed_in
@post_only("teams:hosts", "pk")
def remove(request: HttpRequest, pk: UUID, host: int) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_SOURCES)
    source = get_object_or_404(Source.objects.for_actor(actor), team=team, pk=host)
    sources.withdraw(actor, source)
    messages.success(
        request,
        gettext("%(host)s was removed. Files that were waiting for it are refused.")
        % {"host": source},
    )
    return redirect("teams:hosts", pk)
