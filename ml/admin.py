"""To look at, not to change: the verbs are in `services.py`, and they leave events."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from ml.models import Analysis, FindingRow


class ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FindingInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = FindingRow
    fields = ["detector", "version", "status", "score", "probability_manipulated", "reason"]


@admin.register(Analysis)
class AnalysisAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ["id", "state", "outcome", "priority", "attempt", "worker", "created_at"]
    list_filter = ["state", "outcome", "priority"]
    search_fields = ["id", "chain", "blob__sha256"]
    inlines = [FindingInline]
