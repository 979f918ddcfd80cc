"""To look at, not to change: the verbs are in `services.py`, and they leave events.

What media say of themselves (their metadata, the engine's whole result) is not shown here:
running the house is not looking at its media.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from accounts.actors import TEST_FLOW
from audit.admin import ReadOnlyAdmin, WordedInline
from ml import language
from ml.models import Analysis, FindingRow


class FindingInline(WordedInline):
    model = FindingRow
    says = {"detector": language.check_name}
    readonly_fields = [
        "detector", "version", "status", "score", "probability_manipulated", "seconds",
    ]  # fmt: skip
    fields = list(readonly_fields)
    can_delete = False
    extra = 0
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Analysis)
class AnalysisAdmin(ReadOnlyAdmin):
    named_by_id = True
    says = {"reason_code": language.in_short, "stage": language.stage}
    live = ~Q(flow__startswith=TEST_FLOW)
    list_display = ["id", "state", "outcome", "reason_code", "priority", "attempt", "worker",
                    "created_at", "finished_at"]  # fmt: skip
    list_filter = ["state", "outcome", "priority"]
    list_select_related = False
    search_fields = ["=id", "=chain", "=blob__sha256"]
    ordering = ["-created_at"]
    fields = [
        ("state", "outcome", "probability_manipulated"),
        ("reason_code", "incomplete"),
        ("engine_version", "seconds", "result_sha256"),
        ("priority", "attempt", "crashes", "fence"),
        ("worker", "lease_until", "progress", "stage"),
        ("created_at", "available_at", "started_at", "finished_at"),
        ("blob", "chain"),
    ]
    readonly_fields = ["created_at", "chain"]
    inlines = [FindingInline]


@admin.register(FindingRow)
class FindingAdmin(ReadOnlyAdmin):
    named_by_id = True
    live = ~Q(analysis__flow__startswith=TEST_FLOW)
    says = {"detector": language.check_name}
    list_display = ["detector", "version", "status", "score", "probability_manipulated", "analysis"]
    list_filter = ["detector", "status"]
    list_select_related = ["analysis"]
    search_fields = ["=analysis__id"]
    fields = ["analysis", "detector", "version", "status", "score", "probability_manipulated",
              "log10_lr", "weights_sha256", "parameters", "counts", "seconds"]  # fmt: skip
