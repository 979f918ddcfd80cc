"""How a team's members sign in: the rule of a second factor, and roles by groups."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.guards import post_only, signed_in
from accounts.models import GroupRole, Team
from accounts.roles import Permission
from accounts.services import group_roles
from accounts.services import second_factor as rule
from media_analysis.teams.forms import RoleForm
from media_analysis.teams.pages import done, entered, page, refusal_on


class GroupForm(RoleForm):
    group = forms.CharField(
        max_length=200,
        label=gettext_lazy("Group"),
        help_text=gettext_lazy("Its name or id, as the identity provider sends it."),
    )
    field_order = ["group", "role"]


class GraceForm(forms.Form):
    days = forms.TypedChoiceField(coerce=int, label=gettext_lazy("The rule applies"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["days"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(days, _in_words(days)) for days in rule.GRACE_DAYS]
        field.initial = rule.GRACE_DAYS[1]


def _in_words(days: int) -> str:
    if not days:
        return gettext("at once")
    return ngettext("in {days} day", "in {days} days", days).format(days=days)


@signed_in
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A POST adds a group."""
    actor, team = entered(request, pk, Permission.MANAGE_TEAM)
    form = GroupForm(actor, team, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refusal_on(form, "group"):
            given = group_roles.add(actor, team, form.cleaned_data["group"], form.chosen())
            messages.success(
                request, gettext("The group {group} gives a role.").format(group=given.group)
            )
            return redirect("teams:sign_in", pk)
    return _page(request, team, form, GraceForm())


@signed_in
@post_only("teams:sign_in", "pk")
def second_factor(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_TEAM)
    if request.POST.get("step") == "lift":
        said = gettext("A second factor is not needed any more.")
        return done(request, "teams:sign_in", pk, lambda: rule.lift(actor, team), said)
    form = GraceForm(request.POST)
    if form.is_valid():
        with refusal_on(form, "days"):
            rule.require_one(actor, team, form.cleaned_data["days"])
            messages.success(request, gettext("The rule of a second factor is set."))
            return redirect("teams:sign_in", pk)
    return _page(request, team, GroupForm(actor, team), form)


@signed_in
@post_only("teams:sign_in", "pk")
def remove_group(request: HttpRequest, pk: UUID, given: int) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_TEAM)
    found = get_object_or_404(GroupRole.objects.filter(team=team), pk=given)
    said = gettext("The group {group} gives no role any more.").format(group=found.group)
    return done(request, "teams:sign_in", pk, lambda: group_roles.remove(actor, found), said)


def _page(request: HttpRequest, team: Team, group: GroupForm, grace: GraceForm) -> HttpResponse:
    begins = team.second_factor_from
    context = {
        "form": group,
        "grace": grace,
        "begins": begins,
        "applies": begins is not None and begins <= timezone.now(),
        "lacking": rule.lacking(team),
        "groups": team.group_roles.all(),
        "has_provider": bool(settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]),
    }
    status = 422 if group.is_bound or grace.is_bound else 200
    return page(request, team, "teams/sign_in.html", context, status)
