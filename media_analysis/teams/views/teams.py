"""The teams that one runs, making one, naming one, and what its roles may do."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts import plain_words
from accounts.actors import actor_of
from accounts.guards import signed_in
from accounts.models import Role, Team
from accounts.roles import Permission
from accounts.services import teams
from media_analysis.teams.forms import TeamForm
from media_analysis.teams.pages import entered, page, refusal_on


@signed_in
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Whoever runs one team is led straight to it."""
    actor = actor_of(request)
    mine = Team.objects.for_actor(actor, Permission.MANAGE_MEMBERS)
    found = list(mine.annotate(people=Count("memberships")).order_by("name"))
    if not found and not actor.is_site_admin:
        raise PermissionDenied
    if len(found) == 1 and not actor.is_site_admin:
        return redirect("teams:members", found[0].pk)
    context = {"teams": found, "may_make": actor.is_site_admin}
    return render(request, "teams/index.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    if not actor.is_site_admin:
        raise PermissionDenied
    form = TeamForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with refusal_on(form, "name"):
            team = teams.create_team(actor, form.cleaned_data["name"])
            messages.success(
                request, gettext("Team {team} created. Invite its first admin.").format(team=team)
            )
            return redirect("teams:members", team.pk)
    status = 422 if form.is_bound else 200
    return render(request, "teams/new.html", {"form": form}, status=status)


@signed_in
@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_TEAM)
    form = TeamForm(request.POST if request.method == "POST" else None, initial={"name": team.name})
    if request.method == "POST" and form.is_valid():
        with refusal_on(form, "name"):
            renamed = teams.rename_team(actor, team, form.cleaned_data["name"])
            messages.success(
                request, gettext("The team is now called {team}.").format(team=renamed)
            )
            return redirect("teams:rename", team.pk)
    return page(request, team, "teams/rename.html", {"form": form}, 422 if form.is_bound else 200)


@signed_in
@require_GET
def roles(request: HttpRequest, pk: UUID) -> HttpResponse:
    _, team = entered(request, pk, Permission.MANAGE_MEMBERS)
    return page(
        request, team, "teams/roles.html", {"roles": list(Role), "lines": plain_words.table()}
    )
