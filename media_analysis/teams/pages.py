"""The pages of a team and the permissions that they need. A foreign team answers like a missing
one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor, actor_of
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission


@dataclass(frozen=True)
class NavItem:
    label: Any
    url_name: str
    permission: Permission | None
    """None: for site administrators alone."""


PLACES = (
    NavItem(_("Members"), "teams:members", Permission.MANAGE_MEMBERS),
    NavItem(_("Roles"), "teams:roles", Permission.MANAGE_MEMBERS),
    NavItem(_("Default rules"), "teams:rules", Permission.MANAGE_QUEUES),
    NavItem(_("Queues"), "teams:queues", Permission.MANAGE_QUEUES),
    NavItem(_("Policies"), "teams:policies", Permission.MANAGE_POLICIES),
    NavItem(_("Deciding"), "teams:deciding", Permission.MANAGE_POLICIES),
    NavItem(_("Quality"), "teams:quality", Permission.MANAGE_QUEUES),
    NavItem(_("Care"), "teams:care", Permission.MANAGE_QUEUES),
    NavItem(_("Known files"), "teams:known_files", Permission.MANAGE_QUEUES),
    NavItem(_("Partners and keys"), "teams:services", Permission.REVOKE_KEYS),
    NavItem(_("Usage"), "teams:usage", Permission.MANAGE_MEMBERS),
    NavItem(_("Retention"), "teams:retention", Permission.MANAGE_RETENTION),
    NavItem(_("Sign-in"), "teams:sign_in", Permission.MANAGE_TEAM),
    NavItem(_("Webhooks"), "teams:webhooks", Permission.MANAGE_WEBHOOKS),
    NavItem(_("Hosts"), "teams:hosts", Permission.MANAGE_SOURCES),
    NavItem(_("Weights and limits"), "teams:weights", None),
    NavItem(_("Name"), "teams:rename", Permission.MANAGE_TEAM),
)


def entered(request: HttpRequest, pk: UUID, permission: Permission) -> tuple[Actor, Team]:
    """The actor and the team; 404 for strangers, 403 for members without the right."""
    actor = actor_of(request)
    team = get_object_or_404(Team.objects.for_actor(actor), pk=pk)
    if not actor.can(permission, team.pk):
        raise PermissionDenied
    return actor, team


def page(
    request: HttpRequest, team: Team, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page of the team, with the menu of those that this person may enter."""
    actor = actor_of(request)
    open_to_them = [
        (place.label, reverse(place.url_name, args=[team.pk]))
        for place in PLACES
        if _may_enter(actor, place, team)
    ]
    beginnings = [url for _, url in open_to_them if request.path.startswith(url)]
    here = max(beginnings, key=len, default="")
    places = [
        {"label": label, "url": url, "is_here": url == here, "is_page": url == request.path}
        for label, url in open_to_them
    ]
    return render(request, template, {"team": team, "places": places, **context}, status=status)


def _may_enter(actor: Actor, place: NavItem, team: Team) -> bool:
    if place.permission is None:
        return actor.is_site_admin
    return actor.can(place.permission, team.pk)


@contextmanager
def refusal_on(form: BaseForm, field: str | None) -> Iterator[None]:
    """What a verb refuses is shown at the field; a missing right stays a 403."""
    try:
        yield
    except Refusal as refusal:
        if refusal.forbids:
            raise
        form.add_error(field, refusal.sentence)


def done(
    request: HttpRequest,
    back: str,
    pk: UUID,
    verb: Callable[[], object],
    sentence: str,
    tell: Callable[[HttpRequest, str], None] = messages.info,
) -> HttpResponse:
    """Does it, says so, and goes back to the team's page."""
    with refusal_as_message(request, tell):
        verb()
        messages.success(request, sentence)
    return redirect(back, pk)


@contextmanager
def refusal_as_message(
    request: HttpRequest, tell: Callable[[HttpRequest, str], None] = messages.info
) -> Iterator[None]:
    """Show a refusal on the next page. A missing permission stays a 403."""
    try:
        yield
    except Refusal as refusal:
        if refusal.forbids:
            raise
        tell(request, refusal.sentence)
