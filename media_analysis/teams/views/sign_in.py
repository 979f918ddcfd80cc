"""How a team's members sign in: the rule of a second factor, roles by groups, and the keys of the
identity provider that provisions them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of
from accounts.guards import post_only, signed_in
from accounts.models import ApiKey, GroupRole, Team
from accounts.roles import Permission
from accounts.services import group_roles, keys, provisioning_keys
from accounts.services import second_factor as rule
from media_analysis.teams.forms import LIVES, RoleForm
from media_analysis.teams.pages import done, entered, page, refusal_on


class GroupForm(RoleForm):
    group = forms.CharField(
        max_length=200,
        label=gettext_lazy("Group"),
        help_text=gettext_lazy("Its name or id, as the identity provider sends it."),
    )
    field_order = ["group", "role"]


class ScimKeyForm(forms.Form):
    days = forms.ChoiceField(
        choices=LIVES, required=False, initial="365", label=gettext_lazy("Valid for")
    )

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None


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
        message = gettext("A second factor is no longer required.")
        return done(request, "teams:sign_in", pk, lambda: rule.lift(actor, team), message)
    form = GraceForm(request.POST)
    if form.is_valid():
        with refusal_on(form, "days"):
            rule.require_one(actor, team, form.cleaned_data["days"])
            messages.success(request, gettext("The second-factor rule was set."))
            return redirect("teams:sign_in", pk)
    return _page(request, team, GroupForm(actor, team), form)


@signed_in
@post_only("teams:sign_in", "pk")
def remove_group(request: HttpRequest, pk: UUID, given: int) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_TEAM)
    found = get_object_or_404(GroupRole.objects.filter(team=team), pk=given)
    message = gettext("The group {group} no longer gives a role.").format(group=found.group)
    return done(request, "teams:sign_in", pk, lambda: group_roles.remove(actor, found), message)


@signed_in
@never_cache
@post_only("teams:sign_in", "pk")
def new_scim_key(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_KEYS)
    form = ScimKeyForm(request.POST)
    if form.is_valid():
        with refusal_on(form, "days"):
            issued = provisioning_keys.issue(actor, team, expires_at=form.expires_at())
            context = {"issued": issued, "key": issued.key, "address": scim_address()}
            return page(request, team, "teams/scim_key_issued.html", context)
    return _page(request, team, GroupForm(actor, team), GraceForm(), form)


@signed_in
@post_only("teams:sign_in", "pk")
def revoke_scim_key(request: HttpRequest, pk: UUID, key: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.REVOKE_KEYS)
    mine = provisioning_keys.of_team(actor, team)
    found = next((one for one in mine if one.pk == key), None)
    if found is None:
        raise Http404
    message = gettext("The key {prefix}… no longer works.").format(prefix=found.prefix)
    return done(request, "teams:sign_in", pk, lambda: keys.revoke_key(actor, found), message)


def scim_address() -> str:
    return str(settings.PUBLIC_URL).rstrip("/") + reverse("scim:root")


def _page(
    request: HttpRequest,
    team: Team,
    group: GroupForm,
    grace: GraceForm,
    scim: ScimKeyForm | None = None,
) -> HttpResponse:
    actor = actor_of(request)
    found = provisioning_keys.of_team(actor, team)
    bound = any(form is not None and form.is_bound for form in (group, grace, scim))
    return page(
        request, team, "teams/sign_in.html", {
            **_second_factor(team, grace),
            "form": group,
            "groups": team.group_roles.all(),
            "has_provider": bool(settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]),
            "scim_keys": [_key(key) for key in found],
            "scim_form": scim or ScimKeyForm(),
            "scim_address": scim_address(),
            "may_issue": actor.can(Permission.MANAGE_KEYS, team.pk),
            "provisioned": team.provisioned_people.filter(is_active=True).count(),
            "provisioned_groups": team.provisioned_groups.count(),
        }, 422 if bound else 200,
    )  # fmt: skip


def _second_factor(team: Team, grace: GraceForm) -> dict[str, Any]:
    begins = team.second_factor_from
    return {
        "grace": grace,
        "begins": begins,
        "applies": begins is not None and begins <= timezone.now(),
        "lacking": rule.lacking(team),
    }


def _key(key: ApiKey) -> dict[str, Any]:
    return {
        "key": key,
        "has_expired": key.expires_at is not None and key.expires_at <= timezone.now(),
    }
