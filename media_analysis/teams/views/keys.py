"""Partners' programs and their API keys. A key's secret is shown once, in the answer itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actors import Actor
from accounts.guards import signed_in
from accounts.models import ApiKey, Scope, ServiceAccount, Team
from accounts.roles import Permission
from accounts.services import keys
from media_analysis.submissions.search import usage
from media_analysis.teams.forms import KeyForm, ReplaceKeyForm, ServiceForm
from media_analysis.teams.pages import entered, page, refusal_as_message, refusal_on


@signed_in
@require_GET
def services(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.REVOKE_KEYS)
    mine = ServiceAccount.objects.for_actor(actor).of_partners().filter(team=team)
    with_creator = ApiKey.objects.select_related("created_by")
    of_tests = ServiceAccount.objects.prefetch_related(Prefetch("keys", with_creator))
    with_keys = mine.prefetch_related(
        Prefetch("keys", with_creator), Prefetch("test_account", of_tests)
    )
    partners = list(with_keys.order_by("-is_active", "name"))
    _, *used = usage.this_month(team, partners)
    rows = [{**_row(one), "usage": its} for one, its in zip(partners, used, strict=True)]
    context = {"services": rows, "may_issue": actor.can(Permission.MANAGE_KEYS, team.pk)}
    return page(request, team, "teams/services.html", context)


def _row(service: ServiceAccount) -> dict[str, Any]:
    twin = getattr(service, "test_account", None)
    both = [*service.keys.all(), *(twin.keys.all() if twin else ())]
    both.sort(key=lambda key: key.created_at, reverse=True)
    found = [_key(key) for key in both]
    return {
        "service": service,
        "live": [key for key in found if key["is_live"]],
        "ended": [key for key in found if not key["is_live"]],
    }


def _key(key: ApiKey) -> dict[str, Any]:
    has_expired = key.expires_at is not None and key.expires_at <= timezone.now()
    return {
        "key": key,
        "scopes": [Scope(scope).label for scope in key.scopes],
        "is_live": key.revoked_at is None and not has_expired,
    }


@signed_in
@require_http_methods(["GET", "POST"])
def new_service(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_KEYS)
    form = ServiceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with refusal_on(form, "name"):
            service = keys.create_service_account(actor, team, form.cleaned_data["name"])
            messages.success(
                request,
                gettext("{service} was added. It needs a key to call the API.").format(
                    service=service
                ),
            )
            return redirect("teams:new_key", pk, service.pk)
    status = 422 if form.is_bound else 200
    return page(request, team, "teams/service_new.html", {"form": form}, status)


@signed_in
@require_http_methods(["GET", "POST"])
def close_service(request: HttpRequest, pk: UUID, service: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.REVOKE_KEYS)
    mine = _service(actor, team, service)
    if request.method == "POST":
        keys.disable_service_account(actor, mine)
        messages.success(
            request, gettext("{service} was closed. Its keys no longer work.").format(service=mine)
        )
        return redirect("teams:services", pk)
    return page(
        request, team, "teams/service_close.html", {"service": mine, "live": _row(mine)["live"]}
    )


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def new_key(request: HttpRequest, pk: UUID, service: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_KEYS)
    mine = _service(actor, team, service)
    form = KeyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with refusal_on(form, None):
            issued = keys.issue_key(
                actor,
                mine,
                form.cleaned_data["name"],
                [Scope(scope) for scope in form.cleaned_data["scopes"]],
                expires_at=form.expires_at(),
                allowed_networks=form.allowed_networks(),
                test=form.cleaned_data["mode"] == "test",
            )
            context = {"issued": issued, "service": mine, **_key(issued.key)}
            return page(request, team, "teams/key_issued.html", context)
    context = {"form": form, "service": mine}
    return page(request, team, "teams/key_new.html", context, 422 if form.is_bound else 200)


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def replace_key(request: HttpRequest, pk: UUID, key: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_KEYS)
    mine = _one(actor, team, key)
    form = ReplaceKeyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with refusal_on(form, None):
            issued = keys.replace_key(
                actor, mine, overlap=form.until(), expires_at=form.expires_at()
            )
            partner = issued.key.service.live_account or issued.key.service
            context = {"issued": issued, "service": partner, **_key(issued.key)}
            return page(request, team, "teams/key_issued.html", context)
    context = {"form": form, **_key(mine)}
    return page(request, team, "teams/key_replace.html", context, 422 if form.is_bound else 200)


@signed_in
@require_http_methods(["GET", "POST"])
def revoke_key(request: HttpRequest, pk: UUID, key: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.REVOKE_KEYS)
    mine = _one(actor, team, key)
    if request.method == "POST":
        with refusal_as_message(request):
            keys.revoke_key(actor, mine)
            messages.success(
                request, gettext("The key {prefix}… no longer works.").format(prefix=mine.prefix)
            )
        return redirect("teams:services", pk)
    return page(request, team, "teams/key_revoke.html", {"key": mine, **_key(mine)})


def _one(actor: Actor, team: Team, key: UUID) -> ApiKey:
    of_team = Q(service__team=team) | Q(service__team__live_team=team)
    visible = ApiKey.objects.for_actor(actor).select_related("service__team")
    return get_object_or_404(visible.filter(service__provisions=False), of_team, pk=key)


def _service(actor: Actor, team: Team, service: UUID) -> ServiceAccount:
    partners = ServiceAccount.objects.for_actor(actor).of_partners()
    return get_object_or_404(partners, team=team, pk=service)
