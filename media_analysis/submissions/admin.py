"""A read-only look at what was sent in; the pages of the product are the place to work."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from media_analysis.submissions.models import Submission


@admin.register(Submission)
class SubmissionAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["filename", "team", "outcome", "state", "created_at"]
    list_filter = ["team", "analysis__state", "analysis__outcome"]
    list_select_related = ["team", "analysis"]
    search_fields = ["filename", "external_id", "blob__sha256"]

    @admin.display(ordering="analysis__outcome")
    def outcome(self, submission: Submission) -> str:
        return submission.analysis.outcome or "-"

    @admin.display(ordering="analysis__state")
    def state(self, submission: Submission) -> str:
        return submission.analysis.state

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
