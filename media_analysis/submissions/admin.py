"""Which submissions there are, without their names and notes: those belong to their team."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from accounts.actors import actor_of
from accounts.roles import Permission
from audit.admin import ReadOnlyAdmin
from media_analysis.submissions.models import Submission


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    named_by_id = True
    live = Q(team__live_team=None)
    list_display = ["id", "team", "state", "outcome", "created_at"]
    list_filter = ["team", "analysis__state", "analysis__outcome"]
    list_select_related = ["team", "analysis"]
    search_fields = ["=id", "=blob__sha256"]
    fields = ["id", "team", "submitted_by", "submitted_by_service", "state", "outcome",
              "analysis", "blob", "created_at"]  # fmt: skip
    readonly_fields = ["id", "state", "outcome", "created_at"]

    def address(self, request: HttpRequest, row: Any) -> str:
        may = actor_of(request).can(Permission.VIEW_SUBMISSIONS, row.team_id)
        return reverse("submissions:detail", args=[row.pk]) if may else ""

    def get_object(self, request: HttpRequest, *args: Any, **more: Any) -> Submission | None:
        """Nameless, so that the page's title is its id."""
        found = super().get_object(request, *args, **more)
        if found is not None:
            found.filename = ""
        return found

    @admin.display(ordering="analysis__outcome")
    def outcome(self, submission: Submission) -> str:
        return submission.analysis.displayed_outcome or "-"

    @admin.display(ordering="analysis__state")
    def state(self, submission: Submission) -> str:
        return submission.analysis.state
