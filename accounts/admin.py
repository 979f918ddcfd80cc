"""Looking at people and keys in the administration.

All of it is read-only; the verbs in `accounts.services` are offered as actions instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.actors import actor_of
from accounts.models import ApiKey, Invitation, Membership, ServiceAccount, Session, Team, User
from accounts.refusals import Refusal
from accounts.services import invitations, keys, people
from audit.admin import ReadOnlyAdmin, WordedInline

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class WithVerbs(ReadOnlyAdmin):
    """Read-only, but verbs can be run on the rows that were ticked."""

    actions: Any = []

    def each(
        self, request: HttpRequest, rows: models.QuerySet[Any], verb: Any, done: StrOrPromise
    ) -> None:
        """Run a verb on every chosen row; each is its own transaction and its own event."""
        count = 0
        for row in rows:
            try:
                verb(actor_of(request), row)
                count += 1
            except Refusal as refusal:
                messages.error(request, f"{row}: {refusal.sentence}")
        if count:
            messages.success(request, f"{done}: {count}.")


@admin.register(User)
class UserAdmin(WithVerbs):
    list_display = ["email", "name", "is_active", "is_staff", "last_login", "created_at"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "is_active", "is_staff", "is_superuser", "last_login", "created_at",
              "erased_at"]  # fmt: skip
    actions = ["close", "open", "erase"]

    @admin.action(description=_("Close accounts and end their sessions"), permissions=["view"])
    def close(self, request: HttpRequest, rows: models.QuerySet[User]) -> None:
        self.each(request, rows, people.deactivate, _("Accounts closed"))

    @admin.action(description=_("Open closed accounts again"), permissions=["view"])
    def open(self, request: HttpRequest, rows: models.QuerySet[User]) -> None:
        self.each(request, rows, people.reactivate, _("Accounts opened"))

    @admin.action(description=_("Erase the person, keep the record"), permissions=["view"])
    def erase(self, request: HttpRequest, rows: models.QuerySet[User]) -> None:
        self.each(request, rows, people.erase, _("People erased"))


class MembershipInline(WordedInline):
    model = Membership
    extra = 0
    can_delete = False
    readonly_fields = ["user", "role", "created_at"]
    verbose_name_plural = _("members")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Team)
class TeamAdmin(ReadOnlyAdmin):
    live = models.Q(live_team=None)
    list_display = ["name", "created_at"]
    search_fields = ["name"]
    inlines = [MembershipInline]

    def address(self, request: HttpRequest, row: Any) -> str:
        return reverse("teams:members", args=[row.pk])


@admin.register(Invitation)
class InvitationAdmin(WithVerbs):
    list_display = ["email", "team", "role", "invited_by", "expires_at", "accepted_at",
                    "revoked_at"]  # fmt: skip
    list_filter = ["team", "role"]
    list_select_related = ["team", "invited_by"]
    exclude = ["token_sha256", "mailed_sha256"]
    actions = ["withdraw"]

    def address(self, request: HttpRequest, row: Any) -> str:
        return reverse("teams:members", args=[row.team_id])

    @admin.action(description=_("Withdraw"), permissions=["view"])
    def withdraw(self, request: HttpRequest, rows: models.QuerySet[Invitation]) -> None:
        self.each(request, rows, invitations.withdraw, _("Invitations withdrawn"))


@admin.register(ServiceAccount)
class ServiceAccountAdmin(WithVerbs):
    live = models.Q(live_account=None)
    list_display = ["name", "team", "is_active", "created_at"]
    list_filter = ["team", "is_active"]
    list_select_related = ["team"]
    actions = ["disable"]

    def address(self, request: HttpRequest, row: Any) -> str:
        return reverse("teams:services", args=[row.team_id])

    @admin.action(description=_("Close and revoke all keys"), permissions=["view"])
    def disable(self, request: HttpRequest, rows: models.QuerySet[ServiceAccount]) -> None:
        self.each(request, rows, keys.disable_service_account, _("Service accounts closed"))


@admin.register(ApiKey)
class ApiKeyAdmin(WithVerbs):
    list_display = ["prefix", "name", "service", "scopes", "expires_at", "last_used_at",
                    "revoked_at"]  # fmt: skip
    list_filter = ["service__team"]
    list_select_related = ["service"]
    exclude = ["key_sha256"]
    actions = ["revoke"]

    def address(self, request: HttpRequest, row: Any) -> str:
        return reverse("teams:services", args=[row.service.team_id])

    @admin.action(description=_("Revoke"), permissions=["view"])
    def revoke(self, request: HttpRequest, rows: models.QuerySet[ApiKey]) -> None:
        self.each(request, rows, keys.revoke_key, _("Keys revoked"))


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ["user", "ip", "created_at", "last_seen_at", "expire_date"]
    list_select_related = ["user"]
    fields = ["user", "ip", "user_agent", "created_at", "last_seen_at", "expire_date"]
    search_fields = ["user__email"]

    def address(self, request: HttpRequest, row: Any) -> str:
        """Everybody has a page of their own sessions, and of nobody else's."""
        return reverse("usersessions_list") if row.user_id == request.user.pk else ""


# The login library's own pages would show and change what is guarded above.
for model in list(admin.site._registry):
    if model._meta.app_label in {"auth", "account", "mfa", "socialaccount"}:
        admin.site.unregister(model)
