"""Cases, decisions and a team's rules, to look at. What was written about media is not shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from accounts.actors import actor_of
from accounts.roles import Permission
from audit.admin import ReadOnlyAdmin
from media_analysis.review.models import Case, Decision, Policy, RoutingRule


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    named_by_id = True
    live = Q(team__live_team=None)
    list_display = ["id", "team", "state", "opened_because", "holder", "opened_at", "lease_until",
                    "decided_at"]  # fmt: skip
    list_filter = ["state", "team", "opened_because"]
    list_select_related = ["team", "holder"]
    search_fields = ["=id", "=submission__id"]
    fields = ["team", "submission", "state", "opened_because", "opened_at", "holder", "fence",
              "claimed_at", "lease_until", "decided_at"]  # fmt: skip

    def address(self, request: HttpRequest, row: Any) -> str:
        may = actor_of(request).can(Permission.VIEW_CASES, row.team_id)
        return reverse("review:case", args=[row.pk]) if may else ""


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    named_by_id = True
    live = Q(team__live_team=None)
    list_display = ["id", "team", "outcome", "policy", "decided_by", "seconds_on_case",
                    "created_at"]  # fmt: skip
    list_filter = ["outcome", "team"]
    list_select_related = ["team", "policy", "decided_by"]
    search_fields = ["=id", "=case__id"]
    fields = ["team", "case", "fence", "outcome", "policy", "decided_by", "seconds_on_case",
              "created_at"]  # fmt: skip
    readonly_fields = ["created_at"]

    def address(self, request: HttpRequest, row: Any) -> str:
        may = actor_of(request).can(Permission.VIEW_CASES, row.team_id)
        return reverse("review:case", args=[row.case_id]) if may else ""


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    list_display = ["name", "team", "is_active"]
    list_filter = ["team", "is_active"]
    list_select_related = ["team"]
    search_fields = ["name"]

    def address(self, request: HttpRequest, row: Any) -> str:
        may = actor_of(request).can(Permission.MANAGE_POLICIES, row.team_id)
        return reverse("teams:edit_policy", args=[row.team_id, row.pk]) if may else ""


@admin.register(RoutingRule)
class RoutingRuleAdmin(ReadOnlyAdmin):
    named_by_id = True
    list_display = ["team", "manipulation_found", "declared_generated", "inconclusive",
                    "no_manipulation_found", "rejected", "queue_order"]  # fmt: skip
    list_select_related = ["team"]

    def address(self, request: HttpRequest, row: Any) -> str:
        may = actor_of(request).can(Permission.MANAGE_QUEUES, row.team_id)
        return reverse("teams:rules", args=[row.team_id]) if may else ""
