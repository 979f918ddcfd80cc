"""Who belongs to a team, who was asked to, and as what."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import plain_words
from accounts.actors import Actor
from accounts.guards import post_only, signed_in
from accounts.models import Invitation, Membership, Role, Team
from accounts.roles import Permission
from accounts.services import invitations, teams
from media_analysis.teams.forms import InviteForm, RoleForm, roles_to_give
from media_analysis.teams.pages import entered, page, refusal_as_message, refusal_on

CLOSED_SHOWN = 10


@signed_in
@require_GET
def members(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_MEMBERS)
    return _page(request, actor, team, InviteForm(actor, team, initial={"role": Role.MODERATOR}))


@signed_in
@never_cache
@post_only("teams:members", "pk")
def invite(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The answer shows the link once, for whoever would rather hand it over."""
    actor, team = entered(request, pk, Permission.MANAGE_MEMBERS)
    form = InviteForm(actor, team, request.POST)
    if form.is_valid():
        with refusal_on(form, "email"):
            invited = invitations.invite(actor, team, form.cleaned_data["email"], form.chosen())
            return page(request, team, "teams/invited.html", {"invited": invited})
    return _page(request, actor, team, form, 422)


@signed_in
@never_cache
@post_only("teams:members", "pk")
def invite_again(request: HttpRequest, pk: UUID, invitation: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_MEMBERS)
    found = get_object_or_404(Invitation.objects.for_actor(actor), team=team, pk=invitation)
    with refusal_as_message(request):
        invited = invitations.invite_again(actor, found)
        return page(request, team, "teams/invited.html", {"invited": invited})
    return redirect("teams:members", pk)


@signed_in
@post_only("teams:members", "pk")
def withdraw(request: HttpRequest, pk: UUID, invitation: UUID) -> HttpResponse:
    """Asks no question: it can be undone by inviting again, from the same page."""
    actor, team = entered(request, pk, Permission.MANAGE_MEMBERS)
    found = get_object_or_404(Invitation.objects.for_actor(actor), team=team, pk=invitation)
    with refusal_as_message(request):
        invitations.withdraw(actor, found)
        messages.success(
            request, gettext("The invitation for {email} was withdrawn.").format(email=found.email)
        )
    return redirect("teams:members", pk)


@signed_in
@post_only("teams:members", "pk")
def change_role(request: HttpRequest, pk: UUID, user: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_MEMBERS)
    member = _member(actor, team, user)
    before = Role(member.role)
    form = RoleForm(actor, team, request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Choose a role that you can give. Nothing was changed."))
        return redirect("teams:members", pk)
    with refusal_as_message(request, messages.error):
        after = Role(teams.change_role(actor, team, member.user, form.chosen()).role)
        if after != before:
            messages.success(
                request,
                gettext("Role of {person}: {after}. Previously: {before}.").format(
                    person=member.user, after=after.label, before=before.label
                ),
            )
    return redirect("teams:members", pk)


@signed_in
@require_http_methods(["GET", "POST"])
def remove(request: HttpRequest, pk: UUID, user: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_MEMBERS)
    member = _member(actor, team, user)
    if request.method == "POST":
        with refusal_as_message(request, messages.error):
            teams.remove_member(actor, team, member.user)
            messages.success(
                request,
                gettext(
                    "{person} no longer belongs to {team}. To undo this, invite them again."
                ).format(person=member.user, team=team),
            )
        return redirect("teams:index" if member.user == actor.user else "teams:members", *(
            [] if member.user == actor.user else [pk]
        ))  # fmt: skip
    context = {"member": member, "is_oneself": member.user == actor.user}
    return page(request, team, "teams/remove.html", context)


def _member(actor: Actor, team: Team, user: UUID) -> Membership:
    members = Membership.objects.for_actor(actor).filter(team=team)
    return get_object_or_404(members.select_related("user"), user=user)


def _page(
    request: HttpRequest, actor: Actor, team: Team, form: InviteForm, status: int = 200
) -> HttpResponse:
    proved = EmailAddress.objects.filter(
        user=OuterRef("user"), email=OuterRef("user__email"), verified=True
    )
    members = Membership.objects.filter(team=team).select_related("user").order_by("user__email")
    members = members.annotate(is_proved=Exists(proved))
    of_team = Invitation.objects.filter(team=team).select_related("invited_by")
    still_open = of_team.open()
    closed = of_team.filter(accepted_at__isnull=True).exclude(pk__in=still_open.values("pk"))
    context: dict[str, Any] = {
        "form": form,
        "members": [_row(actor, team, member) for member in members],
        "open_invitations": still_open,
        "closed_invitations": closed[:CLOSED_SHOWN],
        "roles": [(role, plain_words.in_short(role)) for role in Role],
    }
    return page(request, team, "teams/members.html", context, status)


def _row(actor: Actor, team: Team, member: Membership) -> dict[str, Any]:
    """A member whose role is above one's own can be seen and not touched."""
    choices = roles_to_give(actor, team)
    return {
        "membership": member,
        "user": member.user,
        "is_oneself": member.user == actor.user,
        "choices": choices if member.role in dict(choices) else [],
    }
